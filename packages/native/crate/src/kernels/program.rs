//! Lists of kernel calls in memory, which run in one crossing from JavaScript.
use super::Kernel;
use crate::heap::Args;
use std::sync::atomic::{AtomicUsize, Ordering};

/// float64 values of a call: the number of its kernel, or -1 for no call, and then its arguments.
const WORDS: usize = 24;
/// Turns of a waiting thread before it gives its processor to another one.
const SPINS: usize = 1 << 14;

/// What the threads of a program share.
struct Program<'a> {
    kernels: &'a [(&'static str, Kernel)],
    base: usize,
    words: usize,
    calls: usize,
    threads: usize,
    /// Number of calls that all threads together have finished.
    done: AtomicUsize,
}

impl Program<'_> {
    /// Runs a thread's calls. Each begins when all threads have finished the calls before it.
    unsafe fn run(&self, thread: usize) {
        let words = (self.words as *const f64).add(thread * self.calls * WORDS);
        for call in 0..self.calls {
            let values = std::slice::from_raw_parts(words.add(call * WORDS), WORDS);
            if values[0] >= 0.0 {
                (self.kernels[values[0] as usize].1)(&mut Args::new(self.base as *mut u8, &values[1..]));
            }
            if self.threads > 1 {
                self.done.fetch_add(1, Ordering::AcqRel);
                self.wait((call + 1) * self.threads);
            }
        }
    }

    fn wait(&self, count: usize) {
        let mut spins = 0;
        while self.done.load(Ordering::Acquire) < count {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Runs a program on threads: its address, a multiple of 8, the number of calls of each thread, and the number of threads, whose
/// lists lie one after another.
pub unsafe fn run(args: &mut Args, kernels: &[(&'static str, Kernel)]) {
    let base = args.base() as usize;
    let (words, calls, threads) = (args.bytes() as usize, args.size(), args.size().max(1));
    let program = Program { kernels, base, words, calls, threads, done: AtomicUsize::new(0) };
    std::thread::scope(|scope| {
        for thread in 1..threads {
            let program = &program;
            scope.spawn(move || program.run(thread));
        }
        program.run(0);
    });
}
