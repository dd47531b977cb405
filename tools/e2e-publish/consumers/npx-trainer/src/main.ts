// A program on the trainer's own entry; what run.js does is the command's part.
import { parseConfig } from 'unitsphere';
import { CHOICES } from 'unitsphere/browser';

const { loss } = parseConfig('loss: { name: arcface }');
if (!(CHOICES.loss as readonly string[]).includes(loss.name)) throw new Error(loss.name);
