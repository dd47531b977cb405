//! A Node.js addon that computes on the memory of TensorFlow.js's WebAssembly backend, in place. It exports `supports(isa)`,
//! `bind(memory, isa)`, `images(isa)` and `version`. `bind` returns the kernels as functions with the arguments of their WebAssembly
//! counterparts.
#![allow(clippy::missing_safety_doc)]

mod call;
mod heap;
mod image;
mod kernels;
mod rows;
mod simd;
mod team;
mod workers;

use heap::Args;
use kernels::Kernel;
use napi_sys::*;
use std::ffi::{c_void, CString};
use std::ptr::null_mut;
use team::Team;

/// The kernel with the most arguments has 18.
const MOST_ARGUMENTS: usize = 24;
/// Threads of a memory: each takes a part of a division at least.
const MOST_THREADS: usize = 32;

/// The memory that a set of kernels is bound to. The references are weak: who calls the kernels keeps the memory.
struct Memory {
    /// The WebAssembly.Memory, or a view of memory that never moves.
    object: napi_ref,
    /// Its ArrayBuffer, which growth detaches.
    buffer: napi_ref,
    base: *mut u8,
    /// The threads that share the kernels' work; none for one thread.
    team: Option<Team>,
}

struct Bound {
    memory: *mut Memory,
    kernel: Kernel,
}

unsafe fn throw(env: napi_env, message: &str) -> napi_value {
    let text = CString::new(message).unwrap_or_default();
    napi_throw_error(env, null_mut(), text.as_ptr());
    null_mut()
}

impl Memory {
    /// Reads the buffer's address again if the memory has grown.
    unsafe fn refresh(&mut self, env: napi_env) -> bool {
        let mut buffer = null_mut();
        if !self.buffer.is_null() {
            let mut detached = false;
            napi_get_reference_value(env, self.buffer, &mut buffer);
            if napi_is_detached_arraybuffer(env, buffer, &mut detached) == Status::napi_ok && !detached {
                return true;
            }
            napi_delete_reference(env, self.buffer);
            self.buffer = null_mut();
        }
        let mut object = null_mut();
        let mut data: *mut c_void = null_mut();
        let mut bytes = 0;
        napi_get_reference_value(env, self.object, &mut object);
        let is_buffer = napi_get_named_property(env, object, c"buffer".as_ptr(), &mut buffer) == Status::napi_ok
            && napi_get_arraybuffer_info(env, buffer, &mut data, &mut bytes) == Status::napi_ok;
        if !is_buffer || napi_create_reference(env, buffer, 0, &mut self.buffer) != Status::napi_ok {
            return false;
        }
        self.base = data as *mut u8;
        true
    }
}

/// Runs a kernel: numbers in, number out.
unsafe extern "C" fn call(env: napi_env, info: napi_callback_info) -> napi_value {
    let mut count = MOST_ARGUMENTS;
    let mut arguments = [null_mut(); MOST_ARGUMENTS];
    let mut data = null_mut();
    napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), &mut data);
    let bound = &*(data as *const Bound);
    let mut values = [0f64; MOST_ARGUMENTS];
    for (value, argument) in values.iter_mut().zip(&arguments[..count.min(MOST_ARGUMENTS)]) {
        if napi_get_value_double(env, *argument, value) != Status::napi_ok {
            return throw(env, "@unitsphere/native: every argument of a kernel must be a number.");
        }
    }
    let memory = &mut *bound.memory;
    if !memory.refresh(env) {
        return throw(env, "@unitsphere/native: the memory's buffer cannot be read.");
    }
    let run = || (bound.kernel)(&mut Args::new(memory.base, &values));
    let returned = match &memory.team {
        Some(team) => team.lead(run),
        None => run(),
    };
    let mut result = null_mut();
    napi_create_double(env, returned, &mut result);
    result
}

unsafe fn string(env: napi_env, value: napi_value) -> String {
    let mut bytes = [0u8; 64];
    let mut length = 0;
    napi_get_value_string_utf8(env, value, bytes.as_mut_ptr() as *mut _, bytes.len(), &mut length);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

unsafe extern "C" fn supports(env: napi_env, info: napi_callback_info) -> napi_value {
    let mut count = 1;
    let mut argument = null_mut();
    napi_get_cb_info(env, info, &mut count, &mut argument, null_mut(), null_mut());
    let mut result = null_mut();
    napi_get_boolean(env, simd::supports(&string(env, argument)), &mut result);
    result
}

/// Frees what a function holds when JavaScript collects it. The memory's references end with the environment.
unsafe extern "C" fn free_bound(_env: napi_env, data: *mut c_void, _hint: *mut c_void) {
    drop(Box::from_raw(data as *mut Bound));
}

/// `setThreads(count, leastWork?)`: sets how many threads share the work of each kernel on a memory, and returns their number.
unsafe extern "C" fn set_threads(env: napi_env, info: napi_callback_info) -> napi_value {
    let mut count = 2;
    let mut arguments = [null_mut(); 2];
    let mut data = null_mut();
    napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), &mut data);
    let size = |argument: napi_value| {
        let mut value = 0.0;
        (napi_get_value_double(env, argument, &mut value) == Status::napi_ok && value >= 1.0).then_some(value as usize)
    };
    let Some(threads) = size(arguments[0]) else {
        return throw(env, "@unitsphere/native: setThreads expects a positive number.");
    };
    let (threads, least_work) = (threads.min(MOST_THREADS), size(arguments[1]));
    let has_team = threads > 1 || least_work.is_some();
    (*(data as *mut Memory)).team = has_team.then(|| Team::new(threads, least_work));
    let mut result = null_mut();
    napi_create_double(env, threads as f64, &mut result);
    result
}

/// Ends the threads of a memory with its environment.
unsafe extern "C" fn end_team(memory: *mut c_void) {
    (*(memory as *mut Memory)).team = None;
}

unsafe extern "C" fn bind(env: napi_env, info: napi_callback_info) -> napi_value {
    let mut count = 2;
    let mut arguments = [null_mut(); 2];
    napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), null_mut());
    let isa = string(env, arguments[1]);
    if !simd::supports(&isa) {
        return throw(env, &format!("@unitsphere/native: this processor does not support {isa}."));
    }
    let mut object = null_mut();
    napi_create_reference(env, arguments[0], 0, &mut object);
    let memory = Box::into_raw(Box::new(Memory { object, buffer: null_mut(), base: null_mut(), team: None }));
    if !(*memory).refresh(env) {
        return throw(env, "@unitsphere/native: bind expects a WebAssembly.Memory that threads do not share.");
    }
    let mut exports = null_mut();
    napi_create_object(env, &mut exports);
    napi_add_env_cleanup_hook(env, Some(end_team), memory as *mut c_void);
    for &(name, kernel) in kernels::of(&isa) {
        let bound = Box::into_raw(Box::new(Bound { memory, kernel })) as *mut c_void;
        let mut function = null_mut();
        napi_create_function(env, name.as_ptr() as *const _, name.len() as isize, Some(call), bound, &mut function);
        napi_add_finalizer(env, function, bound, Some(free_bound), null_mut(), null_mut());
        let key = CString::new(name).unwrap_or_default();
        napi_set_named_property(env, exports, key.as_ptr(), function);
    }
    // Not enumerable: the numbers of the enumerable functions are the kernels' in programs.
    let threads = napi_property_descriptor {
        utf8name: c"setThreads".as_ptr(),
        name: null_mut(),
        method: Some(set_threads),
        getter: None,
        setter: None,
        value: null_mut(),
        attributes: PropertyAttributes::default,
        data: memory as *mut c_void,
    };
    napi_define_properties(env, exports, 1, &threads);
    exports
}

/// `images(isa)`: returns the functions on images of an instruction set.
unsafe extern "C" fn images(env: napi_env, info: napi_callback_info) -> napi_value {
    let mut count = 1;
    let mut argument = null_mut();
    napi_get_cb_info(env, info, &mut count, &mut argument, null_mut(), null_mut());
    let isa = string(env, argument);
    if !simd::supports(&isa) {
        return throw(env, &format!("@unitsphere/native: this processor does not support {isa}."));
    }
    let mut functions = null_mut();
    napi_create_object(env, &mut functions);
    for (name, function) in image::of(&isa) {
        export(env, functions, name, function);
    }
    functions
}

unsafe fn export(env: napi_env, exports: napi_value, name: &str, function: napi_callback) {
    let mut value = null_mut();
    napi_create_function(env, name.as_ptr() as *const _, name.len() as isize, function, null_mut(), &mut value);
    let key = CString::new(name).unwrap_or_default();
    napi_set_named_property(env, exports, key.as_ptr(), value);
}

#[no_mangle]
unsafe extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    napi_sys::setup();
    export(env, exports, "supports", Some(supports));
    export(env, exports, "bind", Some(bind));
    export(env, exports, "images", Some(images));
    for &(name, function) in rows::FUNCTIONS {
        export(env, exports, name, function);
    }
    // Set by scripts/build-addon.mjs from package.json.
    let version = option_env!("UNITSPHERE_NATIVE_VERSION").unwrap_or("unknown");
    let mut value = null_mut();
    napi_create_string_utf8(env, version.as_ptr() as *const _, version.len() as isize, &mut value);
    napi_set_named_property(env, exports, c"version".as_ptr(), value);
    exports
}
