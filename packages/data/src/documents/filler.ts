import type { Random } from '@unitsphere/core/random';
import type { DateForm } from './style.js';
import type { Language } from './words/language.js';
import { numerals, people, professions } from './words/people.js';
import { drawPlace } from './words/places.js';
import { drawGoods, drawLine, drawTheme, sentence } from './words/prose.js';

/** Makes up what is filled in: one for each sample. */
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

  /** A day of a year from `first` to `last`. */
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

  /** A number in a form where # is a digit and A a letter. */
  code(form: string): string {
    return form.replace(/[#A]/g, (mark) =>
      mark === '#' ? String(this.random.int(10)) : 'ABCDEFGHJKLMNPRSTUVWXYZ'.charAt(this.random.int(23)),
    );
  }

  /** An amount of money, two decimals. */
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
    return sentence(drawLine(this.random, this.language, words));
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

  /** So many number words, as an amount is written out. */
  numerals(count: number): string {
    return sentence(Array.from({ length: count }, () => this.random.pick(numerals[this.language])).join(' '));
  }

  /** The name of a medicine that there is not. */
  medicine(): string {
    return this.random.pick(medicineStarts) + this.random.pick(medicineEnds);
  }
}

const medicineStarts = 'Amo Cal Dex Fen Ibu Lor Met Nap Pro Sal Tri Vel Zan'.split(' ');
const medicineEnds = 'xan tine pril zole lin mine fen dol cillin rine'.split(' ');
