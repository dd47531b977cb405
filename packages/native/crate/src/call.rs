//! Arguments of the addon's functions on typed arrays.
use napi_sys::*;
use std::ptr::null_mut;
use std::slice;

/// The function with the most arguments has 14.
const MOST_ARGUMENTS: usize = 14;

/// The arguments of a call. An array of another type, or one without elements, is absent.
pub struct Call {
    env: napi_env,
    arguments: [napi_value; MOST_ARGUMENTS],
}

impl Call {
    pub unsafe fn new(env: napi_env, info: napi_callback_info) -> Self {
        let mut count = MOST_ARGUMENTS;
        let mut arguments = [null_mut(); MOST_ARGUMENTS];
        napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), null_mut());
        Self { env, arguments }
    }
    unsafe fn array<T>(&self, index: usize, expected: napi_typedarray_type) -> Option<&'static mut [T]> {
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        let (env, value) = (self.env, self.arguments[index]);
        let status = napi_get_typedarray_info(env, value, &mut kind, &mut length, &mut data, null_mut(), null_mut());
        let is_given = status == Status::napi_ok && kind == expected && !data.is_null();
        is_given.then(|| slice::from_raw_parts_mut(data as *mut T, length))
    }
    pub unsafe fn bytes(&self, index: usize) -> Option<&'static mut [u8]> {
        self.array(index, TypedarrayType::uint8_array)
    }
    pub unsafe fn floats(&self, index: usize) -> Option<&'static mut [f32]> {
        self.array(index, TypedarrayType::float32_array)
    }
    pub unsafe fn doubles(&self, index: usize) -> Option<&'static mut [f64]> {
        self.array(index, TypedarrayType::float64_array)
    }
    pub unsafe fn ints(&self, index: usize) -> Option<&'static mut [i32]> {
        self.array(index, TypedarrayType::int32_array)
    }
    pub unsafe fn shorts(&self, index: usize) -> Option<&'static mut [u16]> {
        self.array(index, TypedarrayType::uint16_array)
    }
    pub unsafe fn words(&self, index: usize) -> Option<&'static mut [u32]> {
        self.array(index, TypedarrayType::uint32_array)
    }
    pub unsafe fn number(&self, index: usize) -> Option<f64> {
        let mut value = 0.0;
        (napi_get_value_double(self.env, self.arguments[index], &mut value) == Status::napi_ok).then_some(value)
    }
    pub unsafe fn size(&self, index: usize) -> Option<usize> {
        self.number(index).filter(|value| *value >= 0.0).map(|value| value as usize)
    }
    pub unsafe fn text(&self, index: usize) -> String {
        crate::string(self.env, self.arguments[index])
    }
}
