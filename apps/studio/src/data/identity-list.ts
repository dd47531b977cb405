import { h } from '../dom/h.js';
import type { Thumbnails } from '../dom/thumbnails.js';
import { TEXTS } from '../texts.js';
import type { PictureIdentity, PictureSet } from './picture-set.js';

/** Thumbnails of an identity before "Show more". */
const SHOWN = 8;
/** Identities before "Show more". */
const SHOWN_IDENTITIES = 60;

/** The editable list of identities. */
export class IdentityList {
  /** Names of the selected identities. */
  readonly #selected = new Set<string>();
  /** Names of the identities whose pictures are all shown. */
  readonly #expanded = new Set<string>();
  #isComplete = false;

  constructor(
    readonly place: HTMLElement,
    readonly mergeButton: HTMLButtonElement,
    readonly set: PictureSet,
    readonly thumbnails: Thumbnails,
    readonly handlers: { announce(text: string): void; takePictures(name: string): void },
  ) {
    mergeButton.onclick = () => this.#merge();
  }

  draw(): void {
    const identities = this.set.identities();
    const names = new Set(identities.map(({ name }) => name));
    for (const name of [...this.#selected]) if (!names.has(name)) this.#selected.delete(name);
    const shown = this.#isComplete ? identities : identities.slice(0, SHOWN_IDENTITIES);
    const focused = (document.activeElement as HTMLElement | null)?.dataset['focus'];
    this.place.replaceChildren(...shown.map((identity) => this.#card(identity)));
    if (shown.length < identities.length) {
      const more = () => {
        this.#isComplete = true;
        this.draw();
      };
      const button = h(
        'button',
        { class: 'quiet', onclick: more },
        TEXTS.data.more(identities.length - shown.length),
      );
      this.place.append(h('li', { class: 'more' }, button));
    }
    this.#drawMerge();
    if (focused) this.place.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  #card({ name, pictures }: PictureIdentity): HTMLElement {
    const { data } = TEXTS;
    const isExpanded = this.#expanded.has(name);
    const shown = isExpanded ? pictures : pictures.slice(0, SHOWN);
    const select = h('input', {
      type: 'checkbox',
      checked: this.#selected.has(name),
      'aria-label': data.select(name),
      'data-focus': `select ${name}`,
    });
    select.onchange = () => {
      if (select.checked) this.#selected.add(name);
      else this.#selected.delete(name);
      this.#drawMerge();
    };
    const field = h('input', {
      class: 'name',
      value: name,
      'aria-label': data.identityName(name),
      spellcheck: false,
    });
    field.onchange = () => this.#rename(name, field.value);
    const camera = h(
      'button',
      { class: 'icon', type: 'button', title: data.addByCamera(name), 'aria-label': data.addByCamera(name) },
      '◉',
    );
    camera.onclick = () => this.handlers.takePictures(name);
    const remove = h(
      'button',
      { class: 'icon', type: 'button', title: data.remove(name), 'aria-label': data.remove(name) },
      '×',
    );
    remove.onclick = () => {
      this.set.removeIdentity(name);
      this.handlers.announce(data.removed(name));
    };
    const hidden = pictures.length - shown.length;
    const toggle =
      pictures.length > SHOWN &&
      h('button', { class: 'link', type: 'button' }, hidden > 0 ? data.more(hidden) : data.fewer);
    if (toggle) {
      toggle.onclick = () => {
        if (isExpanded) this.#expanded.delete(name);
        else this.#expanded.add(name);
        this.draw();
      };
    }
    return h(
      'li',
      { class: 'identity' },
      h('div', { class: 'identity-head' }, select, field, camera, remove),
      h('ul', { class: 'thumbs' }, ...shown.map(({ id }, index) => this.#thumb(id, name, index))),
      h('p', { class: 'identity-foot' }, data.pictureCount(pictures.length), toggle),
    );
  }

  #thumb(id: string, identity: string, index: number): HTMLElement {
    const { data } = TEXTS;
    const src = this.thumbnails.get(id);
    const image = src
      ? h('img', { src, alt: data.picture(identity, index), loading: 'lazy' })
      : h('span', { class: 'waiting', role: 'img', 'aria-label': data.picture(identity, index) });
    const remove = h(
      'button',
      { class: 'remove', type: 'button', title: id, 'aria-label': data.removePicture(id) },
      '×',
    );
    remove.onclick = () => this.set.removePictures([id]);
    return h('li', {}, image, remove);
  }

  #rename(from: string, to: string): void {
    this.set.rename(from, to);
    if (to.trim() !== '') this.handlers.announce(TEXTS.data.renamed(from, to.trim()));
    this.draw();
  }

  #merge(): void {
    const names = [...this.#selected];
    const [into] = names;
    this.#selected.clear();
    this.set.merge(names, into);
    this.handlers.announce(TEXTS.data.merged(names, into));
  }

  #drawMerge(): void {
    this.mergeButton.disabled = this.#selected.size < 2;
  }
}
