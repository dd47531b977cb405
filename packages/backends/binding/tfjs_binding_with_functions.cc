// tfjs-node's binding with more functions. `addFunction`: kernels run a function of TensorFlow as one operation, and XLA compiles it.
// `prepareOp` and `enqueueOp`: operations run on a thread of TensorFlow, while JavaScript prepares the next ones.

#include <node_api.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/eager/c_api_experimental.h"

// tfjs-node keeps its context private.
#define private public
#include "binding/tfjs_backend.h"
#undef private

// Its module is registered below, with the additional functions.
#undef NAPI_MODULE
#define NAPI_MODULE(name, initialize)
#include "binding/tfjs_binding.cc"

#include "binding/tf_auto_status.h"
#include "binding/tfe_auto_op.h"

namespace tfnodejs {

// Defined in tfjs_backend.cc.
void AssignOpAttr(napi_env env, TFE_Op *tfe_op, napi_value attr_value);

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

// An operation's name and attributes, which are converted once.
struct PreparedOp {
  std::string name;
  TFE_Op *op;
};

// Each queue runs its operations in their order, on a thread of its own. Operations wait for inputs of the other queue.
constexpr int kQueues = 2;

// Each thread of JavaScript has a context of its own. Prepared operations are few and stay as long as the context.
static thread_local std::vector<PreparedOp> prepared_ops;
static thread_local TFE_Executor *executors[kQueues];

// A thread that computes while the library's static objects are destroyed would crash.
static void WaitForQueues() {
  for (TFE_Executor *executor : executors) {
    if (!executor) continue;
    TF_AutoStatus tf_status;
    TFE_ExecutorWaitForAllPendingNodes(executor, tf_status.status);
  }
}

// Frees what belongs to the context of this thread, which is deleted next.
static void DeleteQueues(void *) {
  WaitForQueues();
  for (TFE_Executor *&executor : executors) {
    if (executor) TFE_DeleteExecutor(executor);
    executor = nullptr;
  }
  for (const PreparedOp &prepared : prepared_ops) TFE_DeleteOp(prepared.op);
  prepared_ops.clear();
}

static TFE_Executor *ExecutorOf(int32_t queue) {
  TFE_Executor *&executor = executors[queue];
  if (!executor) executor = TFE_NewExecutor(/*is_async=*/true, /*enable_streaming_enqueue=*/true, /*in_flight_nodes_limit=*/0);
  return executor;
}

// prepareOp(name: string, attributes: Attribute[]): returns a number for enqueueOp. Attributes are those of executeOp.
static napi_value PrepareOp(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2];
  napi_status nstatus = napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;

  std::string name;
  nstatus = GetStringParam(env, args[0], name);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  TF_AutoStatus tf_status;
  TFE_Op *const op = TFE_NewOp(backend->tfe_context_, name.c_str(), tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);

  uint32_t attributes;
  nstatus = napi_get_array_length(env, args[1], &attributes);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  for (uint32_t i = 0; i < attributes; i++) {
    napi_value attribute;
    nstatus = napi_get_element(env, args[1], i, &attribute);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
    AssignOpAttr(env, op, attribute);
    if (IsExceptionPending(env)) {
      TFE_DeleteOp(op);
      return nullptr;
    }
  }
  prepared_ops.push_back({name, op});
  napi_value number;
  nstatus = napi_create_int32(env, static_cast<int32_t>(prepared_ops.size() - 1), &number);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return number;
}

// Enqueues an operation; `results` are its outputs, which can be used at once.
static void Enqueue(TFE_Context *context, const PreparedOp &prepared, const std::vector<TFE_TensorHandle *> &inputs,
                    std::vector<TFE_TensorHandle *> &results, TFE_Executor *executor, TF_Status *status) {
  TFE_Executor *const previous = TFE_ContextGetExecutorForThread(context);
  TFE_ContextSetExecutorForThread(context, executor);
  TFE_AutoOp op(TFE_NewOp(context, prepared.name.c_str(), status));
  if (TF_GetCode(status) == TF_OK) {
    TFE_OpAddAttrs(op.op, TFE_OpGetAttrs(prepared.op));
    for (size_t i = 0; i < inputs.size() && TF_GetCode(status) == TF_OK; i++) TFE_OpAddInput(op.op, inputs[i], status);
    int size = static_cast<int>(results.size());
    if (TF_GetCode(status) == TF_OK) TFE_Execute(op.op, results.data(), &size, status);
  }
  TFE_ContextSetExecutorForThread(context, previous);
  TFE_DeleteExecutor(previous);
}

// enqueueOp(prepared: number, inputs: number[], outputs: number, queue: number): returns the ids of the results.
// An error of the computation is thrown where a result, or what is computed from it, is read.
static napi_value EnqueueOp(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value args[4];
  napi_status nstatus = napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;

  int32_t prepared, outputs, queue;
  nstatus = napi_get_value_int32(env, args[0], &prepared);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  nstatus = napi_get_value_int32(env, args[2], &outputs);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  nstatus = napi_get_value_int32(env, args[3], &queue);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (prepared < 0 || prepared >= static_cast<int32_t>(prepared_ops.size()) || queue < 0 || queue >= kQueues) {
    NAPI_THROW_ERROR(env, "enqueueOp expects an operation of prepareOp and a queue below %d", kQueues);
    return nullptr;
  }

  uint32_t length;
  nstatus = napi_get_array_length(env, args[1], &length);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  std::vector<TFE_TensorHandle *> inputs(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    nstatus = napi_get_element(env, args[1], i, &element);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
    int32_t id;
    nstatus = napi_get_value_int32(env, element, &id);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
    auto found = backend->tfe_handle_map_.find(id);
    if (found == backend->tfe_handle_map_.end()) {
      NAPI_THROW_ERROR(env, "Input Tensor ID not referenced (tensor_id: %d)", id);
      return nullptr;
    }
    inputs[i] = found->second;
  }

  std::vector<TFE_TensorHandle *> results(outputs, nullptr);
  TFE_Executor *const executor = ExecutorOf(queue);
  TF_AutoStatus tf_status;
  Enqueue(backend->tfe_context_, prepared_ops[prepared], inputs, results, executor, tf_status.status);
  if (TF_GetCode(tf_status.status) != TF_OK) {
    // An earlier operation may have failed, which its results report: the queue goes on.
    TFE_ExecutorClearError(executor);
    TF_SetStatus(tf_status.status, TF_OK, "");
    Enqueue(backend->tfe_context_, prepared_ops[prepared], inputs, results, executor, tf_status.status);
    ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  }

  napi_value ids;
  nstatus = napi_create_array_with_length(env, results.size(), &ids);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  for (size_t i = 0; i < results.size(); i++) {
    napi_value id;
    nstatus = napi_create_int32(env, backend->InsertHandle(results[i]), &id);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
    nstatus = napi_set_element(env, ids, i, id);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  }
  return ids;
}

static napi_value InitBindingWithFunctions(napi_env env, napi_value exports) {
  if (InitTFNodeJSBinding(env, exports) == nullptr) return nullptr;
  const std::pair<const char *, napi_callback> functions[] = {
      {"addFunction", AddFunction}, {"prepareOp", PrepareOp}, {"enqueueOp", EnqueueOp}};
  for (const auto &[name, function] : functions) {
    napi_property_descriptor property = {name,    nullptr, function,     nullptr,
                                         nullptr, nullptr, napi_default, nullptr};
    napi_status nstatus = napi_define_properties(env, exports, 1, &property);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, exports);
  }
  // process.exit does not run the hooks of the main thread.
  napi_add_env_cleanup_hook(env, DeleteQueues, nullptr);
  static const int registered = std::atexit(WaitForQueues);
  (void)registered;
  return exports;
}

}  // namespace tfnodejs

NAPI_MODULE_INIT() { return tfnodejs::InitBindingWithFunctions(env, exports); }
