// Uses the trainer as a library. run.js tests its command.
import { parseConfig } from 'unitsphere';
import { CHOICES } from 'unitsphere/browser';

const { loss } = parseConfig('loss: { name: arcface }');
if (!(CHOICES.loss as readonly string[]).includes(loss.name)) throw new Error(loss.name);
