/** Pictures that are dragged from the grid to a class. */

const KIND = "application/x-ganvas-files";
let dragged: readonly string[] = [];

export function drag(event: DragEvent, files: readonly string[]): void {
  if (!event.dataTransfer) return;
  dragged = files;
  event.dataTransfer.setData(KIND, String(files.length));
  event.dataTransfer.effectAllowed = "move";
}

export const isDragged = (event: DragEvent): boolean => event.dataTransfer?.types.includes(KIND) ?? false;

export const draggedFiles = (): readonly string[] => dragged;
