// What fingers and pointers do besides moving the map: read it, and drag the site.

/** A finger that rests this long, milliseconds, reads the map; one that strays this far before, pixels, does not. */
const REST = 400;
const STRAY = 8;

/** A finger that rests on the map reads it like a pointer, and goes on reading while it slides; lifting it ends that. */
export function readByTouch(map, on) {
  let waiting = 0;
  let start = null;
  let reading = false;
  const read = (touch) => {
    const box = map.getContainer().getBoundingClientRect();
    const { lng, lat } = map.unproject([touch.clientX - box.left, touch.clientY - box.top]);
    on.touched(lng, lat, touch.clientX, touch.clientY);
  };
  const end = () => {
    clearTimeout(waiting);
    if (!reading) return;
    reading = false;
    map.dragPan.enable();
    on.left();
  };
  const canvas = map.getCanvasContainer();
  canvas.addEventListener("touchstart", (event) => {
    end();
    on.left();
    if (event.touches.length !== 1) return;
    start = event.touches[0];
    waiting = setTimeout(() => {
      reading = true;
      map.dragPan.disable();
      read(start);
    }, REST);
  }, { passive: true });
  canvas.addEventListener("touchmove", (event) => {
    const touch = event.touches[0];
    if (reading) read(touch);
    else if (Math.hypot(touch.clientX - start.clientX, touch.clientY - start.clientY) > STRAY) clearTimeout(waiting);
  }, { passive: true });
  // A reading that ends is no tap: it must not move the site.
  canvas.addEventListener("touchend", (event) => {
    if (reading && event.cancelable) event.preventDefault();
    end();
  });
  canvas.addEventListener("touchcancel", end);
}

/**
 * The handle follows the pointer; what it stands for, the site or the receiver, is told where it stands, at its own height,
 * and on release settles. `height()` is that height.
 */
export function makeDraggable(handle, map, sight, height, on) {
  let grip = null;
  const target = (event) => {
    const box = map.getContainer().getBoundingClientRect();
    const screen = [event.clientX - box.left - grip[0], event.clientY - box.top - grip[1]];
    return sight.atHeight(map.unproject(screen), height());
  };
  handle.addEventListener("pointerdown", (event) => {
    const box = handle.getBoundingClientRect();
    grip = [event.clientX - (box.left + box.width / 2), event.clientY - (box.top + box.height / 2)];
    handle.setPointerCapture(event.pointerId);
    handle.dataset.dragging = "";
    event.preventDefault();
    handle.focus();
  });
  handle.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const at = target(event);
    on.dragged(at.lng, at.lat);
  });
  const release = (event) => {
    if (!grip) return;
    const at = target(event);
    grip = null;
    delete handle.dataset.dragging;
    const roof = sight.roofAt(at);
    on.placed(at.lng, at.lat, roof);
  };
  handle.addEventListener("pointerup", release);
  handle.addEventListener("pointercancel", release);
}
