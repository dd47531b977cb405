export { type Manifest, NATIVE_BACKENDS, type NativeBackend } from '../native/installation.js';
export { InstallError } from './install-error.js';
export {
  type InstalledBackend,
  type InstallOptions,
  installNativeBackend,
} from './install-native-backend.js';
