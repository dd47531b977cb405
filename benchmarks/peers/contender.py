"""Contender side of the protocol of src/contender/protocol.ts for peers in PyTorch: one JSON object per line."""

import gc
import json
import math
import resource
import sys
import time


def peak_rss():
    """Returns the peak resident memory of this process, in bytes."""
    try:
        with open('/proc/self/status') as status:
            for line in status:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024


def rss():
    """Returns the current resident memory in bytes, or None if the system does not report it."""
    try:
        with open('/proc/self/statm') as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return None


def reset_peak_rss():
    """Starts the peak anew from the current memory. Does nothing on a system other than Linux."""
    gc.collect()
    try:
        with open('/proc/self/clear_refs', 'w') as file:
            file.write('5')
    except OSError:
        pass


def send(message):
    print(json.dumps(message), flush=True)


def serve(about, make):
    """Answers requests until the runner sends `exit` or closes stdin.

    about: description in addition to PyTorch's version and settings.
    make: creates the function that runs one step and returns its loss; it receives the workload if one has been selected.
    """
    import torch

    # Measured before anything is created for the benchmark.
    footprint = peak_rss()
    step, workload = None, []
    send({
        'ready': {
            'name': 'PyTorch',
            'version': torch.__version__,
            'python': sys.version.split()[0],
            'threads': torch.get_num_threads(),
            'cpuCapability': torch.backends.cpu.get_cpu_capability(),
            **about,
        },
        'footprint': footprint,
    })
    for line in sys.stdin:
        request = json.loads(line)
        if request['do'] == 'steps':
            step = step or make(*workload)
            milliseconds, loss, processor = [], None, time.process_time()
            for _ in range(request['count']):
                started = time.perf_counter()
                loss = step()
                milliseconds.append(1000 * (time.perf_counter() - started))
            processor = 1000 * (time.process_time() - processor)
            send({'milliseconds': milliseconds, 'processor': processor, 'loss': loss if math.isfinite(loss) else None})
        elif request['do'] == 'select':
            step, workload = None, [request['workload']]
            reset_peak_rss()
            send({'selected': True})
        elif request['do'] == 'memory':
            send({'memory': {'peakRss': peak_rss(), 'rss': rss()}})
        else:
            break
