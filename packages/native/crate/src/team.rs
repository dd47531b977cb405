//! Threads that share the work of one kernel call with the thread that makes it.
use crate::heap::Scratch;
use crate::simd::Simd;
use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Parts of a division: bits of half a word.
const MOST_PARTS: usize = 32;
/// Parts into which a reduction is divided for any number of threads, so that its results do not depend on that number.
pub const FIXED_PARTS: usize = 8;
/// Least work of a part, in floats that are read or written, unless a team has another.
const LEAST_WORK: usize = 1 << 14;
/// Multiplications and additions of a matrix product that take as long as reading or writing a float.
pub const PRODUCTS_PER_FLOAT: usize = 16;
/// How long a thread without work waits before it sleeps: longer than JavaScript usually takes between two kernels.
const AWAKE: Duration = Duration::from_micros(100);
/// Turns of the caller before it gives its processor to another thread.
const SPINS: usize = 1 << 14;

/// A value with a cache line of its own.
#[repr(align(128))]
#[derive(Default)]
struct Line<T>(T);

/// A division of work and the threads that serve it. Only one thread publishes divisions.
#[derive(Default)]
struct Division {
    /// The number of the division in the upper half, and in the lower half a bit for each part that no thread has begun. A thread
    /// that begins a part exchanges the whole word, so a late one can never begin a part of another division.
    open: Line<AtomicU64>,
    finished: Line<AtomicUsize>,
    run: AtomicUsize,
    work: AtomicUsize,
    parts: AtomicUsize,
    threads: usize,
    least_work: usize,
    sleeping: AtomicUsize,
    ends: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

type Run = unsafe fn(*const (), usize);

impl Division {
    /// Runs parts that no other thread has begun, this thread's own first.
    unsafe fn take_parts(&self, thread: usize) {
        loop {
            let word = self.open.0.load(Ordering::Acquire);
            let left = word as u32;
            if left == 0 {
                return;
            }
            let (run, work) = (self.run.load(Ordering::Relaxed), self.work.load(Ordering::Relaxed));
            let own = (thread * self.parts.load(Ordering::Relaxed) / self.threads) as u32;
            let part = (left.rotate_right(own).trailing_zeros() + own) % u32::BITS;
            let taken = word & !(1 << part);
            if self.open.0.compare_exchange(word, taken, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                // The division of this word is not finished before this part is, so what was read belongs to it.
                std::mem::transmute::<usize, Run>(run)(work as *const (), part as usize);
                self.finished.0.fetch_add(1, Ordering::Release);
            }
        }
    }

    unsafe fn divide(&self, parts: usize, run: Run, work: *const ()) {
        self.run.store(run as usize, Ordering::Relaxed);
        self.work.store(work as usize, Ordering::Relaxed);
        self.parts.store(parts, Ordering::Relaxed);
        self.finished.0.store(0, Ordering::Relaxed);
        let number = (self.open.0.load(Ordering::Relaxed) >> 32).wrapping_add(1);
        self.open.0.store(number << 32 | (u32::MAX >> (MOST_PARTS - parts)) as u64, Ordering::SeqCst);
        if self.sleeping.load(Ordering::SeqCst) > 0 {
            drop(self.lock.lock());
            self.wake.notify_all();
        }
        self.take_parts(0);
        let mut spins = 0;
        while self.finished.0.load(Ordering::Acquire) < parts {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }

    fn has_work(&self) -> bool {
        self.open.0.load(Ordering::SeqCst) as u32 != 0
    }

    /// Serves divisions until the team ends.
    unsafe fn serve(&self, thread: usize) {
        while !self.ends.load(Ordering::Acquire) {
            self.take_parts(thread);
            let start = Instant::now();
            while !self.has_work() && start.elapsed() < AWAKE {
                for _ in 0..32 {
                    std::hint::spin_loop();
                }
            }
            if !self.has_work() {
                self.sleep();
            }
        }
    }

    fn sleep(&self) {
        let mut guard = self.lock.lock().unwrap();
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        // Work that is published from here on finds a sleeper to wake.
        while !self.has_work() && !self.ends.load(Ordering::Acquire) {
            guard = self.wake.wait(guard).unwrap();
        }
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The threads of one memory, the calling one included. They end when the team is dropped.
pub struct Team(Arc<Division>);

impl Team {
    /// Work that cannot get a thread is done by the others. `least_work` is the least work of a part; tests set it.
    pub fn new(threads: usize, least_work: Option<usize>) -> Self {
        let least_work = least_work.unwrap_or(LEAST_WORK);
        let division = Arc::new(Division { threads, least_work, ..Division::default() });
        for thread in 1..threads {
            let served = division.clone();
            let name = "unitsphere".to_string();
            let _ = std::thread::Builder::new().name(name).spawn(move || unsafe { served.serve(thread) });
        }
        Self(division)
    }

    /// Runs `call`, whose divisions this team's threads share.
    pub fn lead<T>(&self, call: impl FnOnce() -> T) -> T {
        CURRENT.set(&*self.0);
        let result = call();
        CURRENT.set(null());
        result
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.0.ends.store(true, Ordering::Release);
        drop(self.0.lock.lock());
        self.0.wake.notify_all();
    }
}

thread_local! {
    /// The division that this thread may publish; null on a thread that serves, and inside a part.
    static CURRENT: Cell<*const Division> = const { Cell::new(null()) };
}

/// Threads that share the work of the calling thread.
pub fn threads() -> usize {
    unsafe { CURRENT.get().as_ref() }.map_or(1, |division| division.threads)
}

fn least_work() -> usize {
    unsafe { CURRENT.get().as_ref() }.map_or(LEAST_WORK, |division| division.least_work)
}

/// Parts into which a reduction over `units` is divided. It depends on sizes only.
pub fn fixed_parts(units: usize, work: usize) -> usize {
    units.min(work / least_work()).clamp(1, FIXED_PARTS)
}

/// Parts into which up to `units` units of work are divided whose results do not depend on the division; 1 without other threads.
pub fn parts_for(units: usize, work: usize) -> usize {
    if threads() == 1 {
        return 1;
    }
    units.min(work / least_work()).clamp(1, MOST_PARTS)
}

/// The part's share of [0, count), whose limits are multiples of `unit`.
#[inline(always)]
pub fn share(count: usize, unit: usize, part: usize, parts: usize) -> (usize, usize) {
    let units = count.div_ceil(unit);
    (units * part / parts * unit, (units * (part + 1) / parts * unit).min(count))
}

/// Calls `f` for each part, on as many threads as there are. Inside a part, nothing is divided further. `f` must not depend on what
/// another part writes.
///
/// `f` is marked `#[inline(always)]`: outside of the function that enables the instructions, each of them would be a call.
#[inline(always)]
pub unsafe fn each_part<S: Simd, F: Fn(usize)>(parts: usize, f: F) {
    let run: Run = run_part::<S, F>;
    let work = &f as *const F as *const ();
    let division = CURRENT.get();
    if parts == 1 || division.is_null() {
        for part in 0..parts {
            run(work, part);
        }
        return;
    }
    CURRENT.set(null());
    (*division).divide(parts, run, work);
    CURRENT.set(division);
}

/// The only call of a part's code, inside a function that enables the instructions.
unsafe fn run_part<S: Simd, F: Fn(usize)>(f: *const (), part: usize) {
    S::call(&*(f as *const F), part)
}

/// Calls `f` for ranges that together are [0, count), on as many threads as the work repays. Their limits are multiples of `unit`.
/// Results must not depend on the ranges. `cost` is the work of one item, in floats that are read or written.
#[inline(always)]
pub unsafe fn each_range<S: Simd, F: Fn(usize, usize)>(count: usize, unit: usize, cost: usize, f: F) {
    let parts = parts_for(count.div_ceil(unit).min(2 * threads()), count * cost);
    each_part::<S, _>(
        parts,
        #[inline(always)]
        |part| {
            let (first, end) = share(count, unit, part, parts);
            f(first, end);
        },
    );
}

/// Calls `f` for each vector of a list of floats: with its place and the floats from there on. As `each_range`.
#[inline(always)]
pub unsafe fn each_vector<S: Simd, F: Fn(usize, usize)>(count: usize, unit: usize, cost: usize, f: F) {
    each_range::<S, _>(
        count,
        unit,
        cost,
        #[inline(always)]
        |first, end| {
            let mut i = first;
            while i < end {
                f(i, end - i);
                i += S::LANES;
            }
        },
    );
}

/// Calls `f` for each vector of rows x[rows,c]: with its place, its first channel and the channels from there on. As `each_range`;
/// `cost` is the work of one value.
#[inline(always)]
pub unsafe fn each_row_vector<S: Simd, F: Fn(usize, usize, usize)>(rows: usize, c: usize, cost: usize, f: F) {
    each_range::<S, _>(
        rows,
        1,
        cost * c,
        #[inline(always)]
        |first, end| {
            for row in first..end {
                let mut ch = 0;
                while ch < c {
                    f(row * c + ch, ch, c - ch);
                    ch += S::LANES;
                }
            }
        },
    );
}

/// Sums over [0, count), in parts that depend on sizes only: `f(first, end, sums)` writes the `size` sums of a part, whose limits are
/// multiples of `unit`. The parts are added in their order. Returns memory that begins with the totals.
#[inline(always)]
pub unsafe fn sum_in_parts<S, T, F>(count: usize, unit: usize, work: usize, size: usize, f: F) -> Scratch
where
    S: Simd,
    T: Copy + std::ops::AddAssign,
    F: Fn(usize, usize, *mut T),
{
    let parts = fixed_parts(count.div_ceil(unit), work);
    let mut scratch = Scratch::new(parts * size * std::mem::size_of::<T>() / std::mem::size_of::<f32>());
    let sums = scratch.at() as *mut T;
    each_part::<S, _>(
        parts,
        #[inline(always)]
        |part| {
            let (first, end) = share(count, unit, part, parts);
            f(first, end, sums.add(part * size));
        },
    );
    add_parts(sums, size, parts, size, sums);
    scratch
}

/// totals[i] = the sum of the parts' values, which are `step` apart, in the order of the parts.
pub unsafe fn add_parts<T: Copy + std::ops::AddAssign>(
    values: *const T,
    step: usize,
    parts: usize,
    count: usize,
    totals: *mut T,
) {
    for i in 0..count {
        let mut total = *values.add(i);
        for part in 1..parts {
            total += *values.add(part * step + i);
        }
        *totals.add(i) = total;
    }
}
