// Node loads this module first: every connection from then on is an error.
import { Socket } from 'node:net';

const refuse = () => {
  throw new Error('The program opened a connection.');
};
Socket.prototype.connect = refuse;
globalThis.fetch = refuse;
