//! Arguments of a kernel: numbers from JavaScript, of which some are addresses in the memory of the WebAssembly backend.
use std::cell::RefCell;

/// Reads a kernel's arguments in order.
pub struct Args<'a> {
    base: *mut u8,
    values: &'a [f64],
    next: usize,
}

impl<'a> Args<'a> {
    pub fn new(base: *mut u8, values: &'a [f64]) -> Self {
        Self { base, values, next: 0 }
    }
    /// The start of the memory.
    pub fn base(&self) -> *mut u8 {
        self.base
    }
    #[inline(always)]
    fn value(&mut self) -> f64 {
        let value = self.values[self.next];
        self.next += 1;
        value
    }
    #[inline(always)]
    pub fn int(&mut self) -> isize {
        self.value() as isize
    }
    #[inline(always)]
    pub fn size(&mut self) -> usize {
        self.value() as usize
    }
    #[inline(always)]
    pub fn float(&mut self) -> f32 {
        self.value() as f32
    }
    #[inline(always)]
    pub fn flag(&mut self) -> bool {
        self.value() != 0.0
    }
    /// The address of floats. Address 0, which stands for an absent operand, becomes null.
    #[inline(always)]
    pub fn floats(&mut self) -> *mut f32 {
        self.bytes() as *mut f32
    }
    #[inline(always)]
    pub fn ints(&mut self) -> *mut i32 {
        self.bytes() as *mut i32
    }
    #[inline(always)]
    pub fn bytes(&mut self) -> *mut u8 {
        match self.size() {
            0 => std::ptr::null_mut(),
            offset => unsafe { self.base.add(offset) },
        }
    }
    /// Skips an argument that only the WebAssembly kernel needs.
    #[inline(always)]
    pub fn skip(&mut self) {
        self.next += 1;
    }
}

/// Floats per cache line.
const LINE: usize = 16;

thread_local! {
    static SCRATCH: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Memory of this thread that kernels reuse, aligned to a cache line; its values are undefined. Given back when dropped.
pub struct Scratch(Vec<f32>);

impl Scratch {
    pub fn new(floats: usize) -> Self {
        let mut buffer = SCRATCH.with(|free| free.borrow_mut().pop()).unwrap_or_default();
        if buffer.len() < floats + LINE {
            buffer.resize(floats + LINE, 0.0);
        }
        Self(buffer)
    }
    #[inline(always)]
    pub fn at(&mut self) -> *mut f32 {
        let start = self.0.as_mut_ptr();
        unsafe { start.add(start.align_offset(64)) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        SCRATCH.with(|free| free.borrow_mut().push(std::mem::take(&mut self.0)));
    }
}
