import { getElement } from './get-element.js';

/** The steps of the page, in their order. */
export const STEPS = ['data', 'train', 'try', 'take'] as const;

export type Step = (typeof STEPS)[number];

const isStep = (name: string): name is Step => (STEPS as readonly string[]).includes(name);

/** Shows the step that the fragment of the address names, and follows its changes. @param first The step without a fragment. */
export function startRouter(first: Step, onShow: (step: Step) => void): void {
  const show = (moveFocus: boolean) => {
    const named = location.hash.slice(1);
    const current = isStep(named) ? named : first;
    for (const step of STEPS) {
      getElement(`${step}-step`).hidden = step !== current;
      const link = document.querySelector(`#steps a[href="#${step}"]`);
      if (step === current) link?.setAttribute('aria-current', 'step');
      else link?.removeAttribute('aria-current');
    }
    onShow(current);
    if (!moveFocus) return;
    scrollTo({ top: 0 });
    getElement(`${current}-title`).focus({ preventScroll: true });
  };
  addEventListener('hashchange', () => show(true));
  show(false);
}
