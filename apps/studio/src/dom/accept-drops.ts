/** Calls a listener with the files and folders that are dropped on an element. */
export function acceptDrops(place: HTMLElement, onDrop: (transfer: DataTransfer) => void): void {
  place.addEventListener('dragover', (event) => {
    event.preventDefault();
    place.classList.add('over');
  });
  place.addEventListener('dragleave', () => place.classList.remove('over'));
  place.addEventListener('drop', (event) => {
    event.preventDefault();
    place.classList.remove('over');
    if (event.dataTransfer) onDrop(event.dataTransfer);
  });
}
