// Questions before something is done that can't be taken back.
import { el, setText, show } from './dom.js';

let counter = 0;

/**
 * Asks; `act` gets what was typed (by the fields' names) and may take its time or throw, which the dialog then shows.
 * Resolves to true once it was done, to false when the user turned away.
 */
export function ask({ title, text, fields = [], action, danger = false, act }) {
  const name = `dialog-${++counter}`;
  const inputs = fields.map(({ name: field, label, ...rest }) => {
    const input = el('input', { name: field, autocomplete: 'off', ...rest });
    return { input, node: el('label', {}, label, input) };
  });
  const failed = el('p', { class: 'notice bad', role: 'alert', hidden: true });
  const back = el('button', { type: 'button' }, 'Back');
  const go = el('button', { class: danger ? 'danger' : 'primary' }, action);
  const form = el('form', { method: 'dialog' }, el('h1', { id: name }, title), el('p', {}, text),
    inputs.length > 0 && el('div', { class: 'fields' }, inputs.map(({ node }) => node)), failed, el('div', { class: 'actions' }, back, go));
  const dialog = el('dialog', { 'aria-labelledby': name }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let done = false;
    back.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      go.disabled = true;
      show(failed, false);
      try {
        await act(Object.fromEntries(inputs.map(({ input }) => [input.name, input.value])));
        done = true;
        dialog.close();
      } catch (failure) {
        setText(failed, failure.message);
        show(failed, true);
        go.disabled = false;
      }
    });
    dialog.showModal();
    (inputs[0]?.input ?? back).focus();
  });
}
