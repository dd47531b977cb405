// tfjs-node's binding with one more function, `addFunction`: kernels run a function of TensorFlow as one operation, and XLA compiles it.

#include <node_api.h>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tensorflow/c/eager/c_api.h"

// tfjs-node keeps its context private.
#define private public
#include "binding/tfjs_backend.h"
#undef private

// Its module is registered below, with the additional function.
#undef NAPI_MODULE
#define NAPI_MODULE(name, initialize)
#include "binding/tfjs_binding.cc"

#include "binding/tf_auto_status.h"

namespace tfnodejs {

// addFunction(definition: Uint8Array): adds a serialized FunctionDef, which executeOp then runs by its name.
static napi_value AddFunction(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argument;
  napi_status nstatus = napi_get_cb_info(env, info, &argc, &argument, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);

  void *data;
  size_t length;
  napi_typedarray_type type;
  nstatus = napi_get_typedarray_info(env, argument, &type, &length, &data, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < 1 || type != napi_uint8_array) {
    NAPI_THROW_ERROR(env, "addFunction expects a serialized FunctionDef in a Uint8Array");
    return nullptr;
  }

  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  TF_AutoStatus tf_status;
  TFE_ContextAddFunctionDef(backend->tfe_context_, static_cast<const char *>(data), length, tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  return nullptr;
}

static napi_value InitBindingWithFunctions(napi_env env, napi_value exports) {
  if (InitTFNodeJSBinding(env, exports) == nullptr) return nullptr;
  napi_property_descriptor property = {"addFunction", nullptr, AddFunction, nullptr,
                                       nullptr,       nullptr, napi_default, nullptr};
  napi_status nstatus = napi_define_properties(env, exports, 1, &property);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, exports);
  return exports;
}

}  // namespace tfnodejs

NAPI_MODULE_INIT() { return tfnodejs::InitBindingWithFunctions(env, exports); }
