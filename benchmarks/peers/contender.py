"""How a contender in PyTorch answers the runner: the protocol of src/contender/protocol.ts, one JSON object a line."""

import json
import math
import resource
import sys
import time


def peak_rss():
    """Bytes: the most this process ever had in memory."""
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
    """Bytes in memory now; None where the system does not say."""
    try:
        with open('/proc/self/statm') as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return None


def say(message):
    print(json.dumps(message), flush=True)


def serve(about, make):
    """Answers until the runner says so or goes away.

    about: what to tell beside PyTorch's version and settings. make: makes the function of one step, which returns its loss.
    """
    import torch

    # Before anything of the benchmark is made.
    footprint = peak_rss()
    step = None
    say({
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
            step = step or make()
            milliseconds, loss, processor = [], None, time.process_time()
            for _ in range(request['count']):
                started = time.perf_counter()
                loss = step()
                milliseconds.append(1000 * (time.perf_counter() - started))
            processor = 1000 * (time.process_time() - processor)
            say({'milliseconds': milliseconds, 'processor': processor, 'loss': loss if math.isfinite(loss) else None})
        elif request['do'] == 'memory':
            say({'memory': {'peakRss': peak_rss(), 'rss': rss()}})
        else:
            break
