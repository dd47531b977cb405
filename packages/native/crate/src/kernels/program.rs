//! Lists of kernel calls in memory, which run in one crossing from JavaScript, on one thread or several.
use super::Kernel;
use crate::heap::Args;
use crate::workers;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

/// float64 values of a call: the number of its kernel, or -1 for no call, and then its arguments.
const WORDS: usize = 24;
/// Turns of a waiting thread before it gives its processor to another one.
const SPINS: usize = 1 << 14;

type Kernels = &'static [(&'static str, Kernel)];

/// Calls in memory, and how many pieces of work of them are finished.
struct Calls {
    kernels: Kernels,
    base: usize,
    words: usize,
    finished: AtomicUsize,
}

impl Calls {
    fn new(args: &mut Args, kernels: Kernels) -> Self {
        let base = args.base() as usize;
        Self { kernels, base, words: args.bytes() as usize, finished: AtomicUsize::new(0) }
    }

    unsafe fn run(&self, number: usize) {
        let values = std::slice::from_raw_parts((self.words as *const f64).add(number * WORDS), WORDS);
        if values[0] >= 0.0 {
            (self.kernels[values[0] as usize].1)(&mut Args::new(self.base as *mut u8, &values[1..]));
        }
    }

    fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Release);
    }

    fn wait(&self, count: usize) {
        let mut spins = 0;
        while self.finished.load(Ordering::Acquire) < count {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Calls of which each is divided into a part for each thread.
struct Divided {
    calls: Calls,
    count: usize,
    threads: usize,
    /// Whether a thread has begun a part, call by call.
    claimed: Vec<AtomicBool>,
}

impl Divided {
    /// Runs parts that no other thread has begun, this thread's own first. A thread that starts late, or that loses its processor
    /// between two calls, delays nobody. A call begins when the calls before it are finished.
    unsafe fn run(&self, thread: usize) {
        let first = self.calls.finished.load(Ordering::Acquire) / self.threads;
        for call in first..self.count {
            self.calls.wait(call * self.threads);
            for turn in 0..self.threads {
                let part = (thread + turn) % self.threads;
                if !self.claimed[call * self.threads + part].swap(true, Ordering::AcqRel) {
                    self.calls.run(part * self.count + call);
                    self.calls.finish();
                }
            }
        }
    }
}

/// Runs a program on threads: its address, a multiple of 8, the number of calls of each thread, and the number of threads, whose
/// lists lie one after another.
pub unsafe fn run(args: &mut Args, kernels: Kernels) {
    let calls = Calls::new(args, kernels);
    let (count, threads) = (args.size(), args.size().max(1));
    if threads == 1 {
        for call in 0..count {
            calls.run(call);
        }
        return;
    }
    let claimed = (0..count * threads).map(|_| AtomicBool::new(false)).collect();
    let divided = Arc::new(Divided { calls, count, threads, claimed });
    for thread in 1..threads {
        let divided = divided.clone();
        workers::start(Box::new(move || divided.run(thread)));
    }
    divided.run(0);
    divided.calls.wait(count * threads);
}
