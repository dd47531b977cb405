//! Rows of @unitsphere/ops' shared row memory, and their transfer to and from files for @unitsphere/partial-fc.
mod in_place;
#[cfg(unix)]
mod transfer;

use napi_sys::napi_callback;

/// The functions of the addon by name.
pub const FUNCTIONS: &[(&str, napi_callback)] = &[
    ("gatherRows", Some(in_place::gather_rows)),
    ("adamWRows", Some(in_place::adam_w_rows)),
    #[cfg(unix)]
    ("moveRows", Some(transfer::move_rows)),
];
