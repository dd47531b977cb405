export { saveFile, saveFolder } from './save-files.js';
