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

/** The program of these shaders. */
export function programOf(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`a layer can't be drawn: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
