// What layers that draw by themselves have in common, and who draws.

/** Whether the machine's cores draw in place of a GPU: smooth edges would cost them a third of a frame. */
export function drawnInSoftware() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const told = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = told ? gl.getParameter(told.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

/** The map's matrix for metres around `origin`: worked out in doubles, since the world in floats has steps of metres. */
export function around(matrix, origin) {
  const metre = origin.meterInMercatorCoordinateUnits();
  const column = (i) => [0, 1, 2, 3].map((row) => matrix[4 * i + row]);
  const [x, y, z, w] = [0, 1, 2, 3].map(column);
  const place = w.map((value, row) => value + x[row] * origin.x + y[row] * origin.y + z[row] * origin.z);
  return new Float32Array([...[x, y, z].flatMap((axis) => axis.map((value) => value * metre)), ...place]);
}

/** Programs by whether they can be used, once that is known. */
const known = new WeakMap();

/**
 * The program of these shaders, whose attributes get the places of their names. The browser makes it beside the page, whose canvas
 * is busy until it is made; see `isMade`.
 */
export function programOf(gl, vertex, fragment, attributes) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  for (const [place, name] of attributes.entries()) gl.bindAttribLocation(program, place, name);
  gl.linkProgram(program);
  gl.canvas.ariaBusy = "true";
  return program;
}

/**
 * Whether a program can be used: anything else that is asked of one that is not made yet stops the page until it is, as it does where
 * the browser doesn't tell. One that is being made has the map drawn again.
 */
export function isMade(gl, program, map) {
  if (known.has(program)) return known.get(program);
  const parallel = gl.getExtension("KHR_parallel_shader_compile");
  const made = !parallel || gl.isContextLost() || gl.getProgramParameter(program, parallel.COMPLETION_STATUS_KHR);
  gl.canvas.ariaBusy = String(!made);
  if (!made) {
    map.triggerRepaint();
    return false;
  }
  const usable = gl.getProgramParameter(program, gl.LINK_STATUS);
  if (!usable && !gl.isContextLost()) console.error(`a layer can't be drawn: ${gl.getProgramInfoLog(program)}`);
  known.set(program, usable);
  return usable;
}
