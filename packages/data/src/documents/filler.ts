import type { Random } from '@unitsphere/core/random';
import type { DateForm } from './style.js';
import type { Language } from './words/language.js';
import { numerals, people, professions } from './words/people.js';
import { drawPlace } from './words/places.js';
import { capitalize, drawGoods, drawLine, drawTheme } from './words/prose.js';

/** Draws the values that are filled in on one copy of a document. */
export class Filler {
  readonly #dateForm: DateForm;

  constructor(
    readonly random: Random,
    readonly language: Language,
    dateForm: DateForm,
  ) {
    this.#dateForm = dateForm;
  }

  surname(): string {
    return this.random.pick(people[this.language].surnames);
  }

  given(): string {
    return this.random.pick(people[this.language].given);
  }

  name(): string {
    return `${this.given()} ${this.surname()}`;
  }

  place(): string {
    return drawPlace(this.random, this.language);
  }

  street(): string {
    return `${this.surname()} ${1 + this.random.int(180)}`;
  }

  town(): string {
    return `${10000 + this.random.int(89999)} ${this.place()}`;
  }

  /** Draws a date in the years `first` … `last`. */
  date(first = 2015, last = 2025): string {
    const year = String(first + this.random.int(last - first + 1));
    const month = String(1 + this.random.int(12)).padStart(2, '0');
    const day = String(1 + this.random.int(28)).padStart(2, '0');
    switch (this.#dateForm) {
      case 'dots':
        return `${day}.${month}.${year}`;
      case 'slashes':
        return `${day}/${month}/${year}`;
      case 'dashes':
        return `${year}-${month}-${day}`;
      default:
        return `${day} ${month} ${year}`;
    }
  }

  time(): string {
    return `${String(this.random.int(24)).padStart(2, '0')}:${String(this.random.int(60)).padStart(2, '0')}`;
  }

  /** Fills a pattern: # becomes a digit and A a letter. */
  code(form: string): string {
    return form.replace(/[#A]/g, (mark) =>
      mark === '#' ? String(this.random.int(10)) : 'ABCDEFGHJKLMNPRSTUVWXYZ'.charAt(this.random.int(23)),
    );
  }

  /** Draws an amount of money with two decimals. */
  amount(low: number, high: number): number {
    return Math.round(this.random.uniform(low, high) * 100) / 100;
  }

  phone(): string {
    return this.code('0## ### ####');
  }

  goods(): string {
    return drawGoods(this.random, this.language);
  }

  line(words: number): string {
    return capitalize(drawLine(this.random, this.language, words));
  }

  words(count: number): string {
    return drawLine(this.random, this.language, count);
  }

  headline(): string {
    return `${this.place()}: ${drawTheme(this.random, this.language)}`;
  }

  profession(): string {
    return this.random.pick(professions[this.language]);
  }

  /** Draws `count` number words, as in an amount in words. */
  numerals(count: number): string {
    return capitalize(
      Array.from({ length: count }, () => this.random.pick(numerals[this.language])).join(' '),
    );
  }

  /** Draws the name of an invented medicine. */
  medicine(): string {
    return this.random.pick(medicineStarts) + this.random.pick(medicineEnds);
  }
}

const medicineStarts = 'Amo Cal Dex Fen Ibu Lor Met Nap Pro Sal Tri Vel Zan'.split(' ');
const medicineEnds = 'xan tine pril zole lin mine fen dol cillin rine'.split(' ');
