//! Moves records between memory and files: packages/partial-fc/src/file/row-worker.ts without its calls into JavaScript.
use crate::call::Call;
use crate::throw;
use libc::{c_int, c_void, iovec, off_t};
use napi_sys::*;
use std::ops::Range;
use std::ptr::null_mut;

/// Outcomes of a record, as in row-request.ts. A failed write has its negative error number.
const ABSENT: i32 = 0;
const READ: i32 = 1;
const MOVED: i32 = 2;
/// Bytes of the row number and the checksum at the end of a record.
const SEAL: usize = 8;

/// A request for records, by the arrays of row-request.ts. Threads share the arrays, but each record belongs to one of them.
struct Request {
    memory: *mut u8,
    record_bytes: usize,
    slots: &'static [i32],
    leaving: &'static [i32],
    write_positions: &'static [f64],
    coming: &'static [i32],
    read_fds: &'static [i32],
    read_positions: &'static [f64],
    outcomes: *mut i32,
    write_fd: c_int,
}

/// `moveRows(memory, recordBytes, slots, leaving, writePositions, coming, readFds, readPositions, outcomes, writeFd, from, to)`: seals
/// and writes the leaving rows of the records from … to − 1 of a request, reads the coming ones, and stores the outcomes.
pub unsafe extern "C" fn move_rows(env: napi_env, info: napi_callback_info) -> napi_value {
    match request(&Call::new(env, info)) {
        Some((mut request, records)) => {
            request.write(records.clone());
            request.read(records);
            null_mut()
        }
        None => throw(env, "@unitsphere/native: moveRows: arguments of other types or sizes."),
    }
}

unsafe fn request(call: &Call) -> Option<(Request, Range<usize>)> {
    let (memory, outcomes) = (call.bytes(0)?, call.ints(8)?);
    let request = Request {
        memory: memory.as_mut_ptr(),
        record_bytes: call.size(1).filter(|bytes| bytes % 4 == 0 && *bytes >= SEAL)?,
        slots: call.ints(2)?,
        leaving: call.ints(3)?,
        write_positions: call.doubles(4)?,
        coming: call.ints(5)?,
        read_fds: call.ints(6)?,
        read_positions: call.doubles(7)?,
        outcomes: outcomes.as_mut_ptr(),
        write_fd: call.number(9)? as c_int,
    };
    let records = call.size(10)?..call.size(11)?;
    let capacity = memory.len() / request.record_bytes;
    let arrays = [request.leaving.len(), request.coming.len(), request.read_fds.len(), outcomes.len()];
    let shortest = arrays.into_iter().chain([request.slots.len(), request.write_positions.len(), request.read_positions.len()]).min()?;
    let is_inside = records.start <= records.end && records.end <= shortest;
    let fits = is_inside && request.slots[records.clone()].iter().all(|&slot| slot >= 0 && (slot as usize) < capacity);
    fits.then_some((request, records))
}

impl Request {
    fn record(&mut self, i: usize) -> &mut [u8] {
        let begin = self.slots[i] as usize * self.record_bytes;
        unsafe { std::slice::from_raw_parts_mut(self.memory.add(begin), self.record_bytes) }
    }

    fn outcome(&mut self, i: usize) -> &mut i32 {
        unsafe { &mut *self.outcomes.add(i) }
    }

    /// Writes the leaving rows. Those for consecutive positions are written in one call.
    fn write(&mut self, records: Range<usize>) {
        let mut run: Vec<usize> = Vec::new();
        for i in records {
            if self.leaving[i] < 0 {
                continue;
            }
            let row = self.leaving[i];
            seal(self.record(i), row);
            let follows = run.last().is_none_or(|&last| {
                self.write_positions[i] == self.write_positions[last] + self.record_bytes as f64
            });
            if !follows {
                self.write_run(&run);
                run.clear();
            }
            run.push(i);
        }
        if !run.is_empty() {
            self.write_run(&run);
        }
    }

    fn write_run(&mut self, run: &[usize]) {
        let parts: Vec<iovec> = run
            .iter()
            .map(|&i| {
                let record = self.record(i);
                iovec { iov_base: record.as_mut_ptr() as *mut c_void, iov_len: record.len() }
            })
            .collect();
        let position = self.write_positions[run[0]] as off_t;
        let written = unsafe { libc::pwritev(self.write_fd, parts.as_ptr(), parts.len() as c_int, position) };
        let is_complete = written == (run.len() * self.record_bytes) as isize;
        for &i in run {
            // One by one, to find out which of them fail.
            *self.outcome(i) = if is_complete { MOVED } else { self.write_one(i) };
        }
    }

    fn write_one(&mut self, i: usize) -> i32 {
        let (fd, position) = (self.write_fd, self.write_positions[i] as off_t);
        let record = self.record(i);
        let moved = move_all(record.len(), |done| unsafe {
            let rest = &record[done..];
            libc::pwrite(fd, rest.as_ptr() as *const c_void, rest.len(), position + done as off_t)
        });
        match moved {
            Ok(true) => MOVED,
            Ok(false) => -libc::EIO,
            Err(error) => -error,
        }
    }

    /// Reads the coming rows into the slots whose leaving rows are written.
    fn read(&mut self, records: Range<usize>) {
        for i in records {
            if self.coming[i] >= 0 && (self.leaving[i] < 0 || *self.outcome(i) == MOVED) {
                *self.outcome(i) = self.read_one(i);
            }
        }
    }

    fn read_one(&mut self, i: usize) -> i32 {
        let (fd, position, row) = (self.read_fds[i], self.read_positions[i] as off_t, self.coming[i]);
        let record = self.record(i);
        let moved = move_all(record.len(), |done| unsafe {
            let rest = &mut record[done..];
            libc::pread(fd, rest.as_mut_ptr() as *mut c_void, rest.len(), position + done as off_t)
        });
        match moved {
            Ok(true) if is_sealed(record, row) => MOVED,
            Ok(true) => READ,
            _ => ABSENT,
        }
    }
}

/// Calls `transfer` until all bytes are moved. Returns false if the file ends before, or the error's number.
fn move_all(bytes: usize, mut transfer: impl FnMut(usize) -> isize) -> Result<bool, i32> {
    let mut done = 0;
    while done < bytes {
        match transfer(done) {
            0 => return Ok(false),
            moved if moved > 0 => done += moved as usize,
            _ => match std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO) {
                libc::EINTR => {}
                error => return Err(error),
            },
        }
    }
    Ok(true)
}

/// Writes the row number and the checksum of a record.
fn seal(record: &mut [u8], row: i32) {
    let end = record.len();
    record[end - SEAL..end - 4].copy_from_slice(&(row + 1).to_le_bytes());
    let checksum = crc32fast::hash(&record[..end - 4]);
    record[end - 4..].copy_from_slice(&checksum.to_le_bytes());
}

/// Whether a record is sealed for this row and its checksum is right.
fn is_sealed(record: &[u8], row: i32) -> bool {
    let end = record.len();
    record[end - SEAL..end - 4] == (row + 1).to_le_bytes() && record[end - 4..] == crc32fast::hash(&record[..end - 4]).to_le_bytes()
}
