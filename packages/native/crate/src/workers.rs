//! Threads that wait for work. They keep the memory that kernels reuse from one run to the next.
use std::sync::{Arc, Condvar, Mutex};

/// Work for a thread. It must not end with a panic.
type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Worker {
    job: Mutex<Option<Job>>,
    wake: Condvar,
}

/// The threads that have no work.
static FREE: Mutex<Vec<Arc<Worker>>> = Mutex::new(Vec::new());

impl Worker {
    fn serve(self: Arc<Self>) {
        loop {
            let mut job = self.job.lock().unwrap();
            while job.is_none() {
                job = self.wake.wait(job).unwrap();
            }
            let work = job.take();
            drop(job);
            if let Some(work) = work {
                work();
            }
            FREE.lock().unwrap().push(self.clone());
        }
    }
}

/// Starts work on another thread, and returns at once. Work that cannot get a thread is dropped: whoever waits for it must be able
/// to do it alone.
pub fn start(job: Job) {
    let free = FREE.lock().unwrap().pop();
    let worker = free.unwrap_or_else(|| {
        let worker = Arc::<Worker>::default();
        let served = worker.clone();
        let name = "unitsphere".to_string();
        // Without a thread, the job is never taken.
        let _ = std::thread::Builder::new().name(name).spawn(move || served.serve());
        worker
    });
    *worker.job.lock().unwrap() = Some(job);
    worker.wake.notify_one();
}
