// Paths as rays above the map: lines as wide on the screen wherever they are, behind the buildings where they are behind them.

import { MercatorCoordinate } from "maplibre-gl";
import { around, isMade, programOf } from "map/gl.js";

/** Pixels of dark on either side of a ray, so that it stands out from any ground. */
const CASING = 1.1;
/** How much of a ray is seen through what stands before it, beside a ray that is pointed at, and once it is out of date. */
const HIDDEN = 0.26;
const ASIDE = 0.16;
const STALE = 0.4;
/** Numbers of a segment: both ends, colour, width, number of its ray. */
const STRIDE = 11;

const VERTEX = `#version 300 es
precision highp float;
uniform mat4 matrix;
uniform vec2 size;
uniform float ratio;
uniform float pointed;
in vec3 start;
in vec3 end;
in vec3 colour;
in vec2 kind;
flat out vec2 p;
flat out vec2 q;
flat out vec3 shade;
flat out float radius;
flat out float aside;
void main() {
  vec4 a = matrix * vec4(start, 1.0);
  vec4 b = matrix * vec4(end, 1.0);
  // What lies behind the camera is cut off.
  const float least = 1.0;
  if (a.w < least && b.w < least) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  if (a.w < least) a = mix(a, b, (least - a.w) / (b.w - a.w));
  if (b.w < least) b = mix(b, a, (least - b.w) / (a.w - b.w));
  p = (a.xy / a.w * 0.5 + 0.5) * size;
  q = (b.xy / b.w * 0.5 + 0.5) * size;
  shade = colour;
  bool singled = pointed == kind.y;
  aside = pointed < 0.0 || singled ? 0.0 : 1.0;
  radius = (0.5 * kind.x + (singled ? 0.8 : 0.0)) * ratio;
  vec2 along = distance(p, q) > 1e-3 ? normalize(q - p) : vec2(1.0, 0.0);
  float reach = radius + (${CASING} + 1.0) * ratio;
  bool far = (gl_VertexID & 1) == 1;
  float side = (gl_VertexID & 2) == 2 ? 1.0 : -1.0;
  vec2 at = (far ? q + along * reach : p - along * reach) + vec2(-along.y, along.x) * side * reach;
  float w = far ? b.w : a.w;
  // A hair nearer, so that a ray is before the wall that it comes off.
  float depth = (far ? b.z : a.z) - 3e-4 * w;
  gl_Position = vec4((at / size * 2.0 - 1.0) * w, depth, w);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform float ratio;
uniform float opacity;
uniform float cased;
flat in vec2 p;
flat in vec2 q;
flat in vec3 shade;
flat in float radius;
flat in float aside;
out vec4 pixel;
void main() {
  vec2 way = q - p;
  vec2 here = gl_FragCoord.xy - p;
  float share = clamp(dot(here, way) / max(dot(way, way), 1e-6), 0.0, 1.0);
  float away = distance(here, way * share);
  float edge = 0.5 * ratio;
  float core = 1.0 - smoothstep(radius - edge, radius + edge, away);
  float wide = radius + ${CASING} * ratio;
  float dark = cased * 0.62 * (1.0 - smoothstep(wide - edge, wide + edge, away));
  float alpha = (core + dark * (1.0 - core)) * opacity * mix(1.0, ${ASIDE}, aside);
  pixel = vec4(shade * core * opacity * mix(1.0, ${ASIDE}, aside), alpha);
}`;

/** A custom layer of MapLibre. */
export class Rays {
  id = "rays";
  type = "custom";
  renderingMode = "3d";
  #rays = [];
  #ground = () => 0;
  #segments = new Float32Array();
  #origin = null;
  #fresh = false;
  #pointed = -1;
  #stale = false;

  /** Draws these rays, `{ points, colour, width }`, over the ground whose elevation `ground` gives. */
  set(rays, ground) {
    this.#rays = rays;
    this.#ground = ground;
    this.rise();
  }

  get count() {
    return this.#rays.length;
  }

  /** Takes the ground's heights anew. */
  rise() {
    const vertex = (points, i) => {
      const [lng, lat, height] = points.subarray(3 * i, 3 * i + 3);
      return MercatorCoordinate.fromLngLat({ lng, lat }, height + this.#ground([lng, lat]));
    };
    const [first] = this.#rays;
    this.#origin = first ? vertex(first.points, 0) : null;
    const metre = this.#origin?.meterInMercatorCoordinateUnits();
    const local = ({ x, y, z }) => [(x - this.#origin.x) / metre, (y - this.#origin.y) / metre, (z - this.#origin.z) / metre];
    const segments = this.#rays.flatMap(({ points, colour, width }, ray) => {
      const vertices = Array.from({ length: points.length / 3 }, (_, i) => local(vertex(points, i)));
      // The weakest comes first, so that the strongest lies on top.
      return vertices.slice(1).map((end, i) => [...vertices[i], ...end, ...colour, width, ray]);
    });
    this.#segments = new Float32Array(segments.reverse().flat());
    this.#fresh = false;
    this.map?.triggerRepaint();
  }

  /** Singles a ray out by its number, none with −1; `stale` rays are pale. */
  point(ray, stale) {
    this.#pointed = ray;
    this.#stale = stale;
    this.map?.triggerRepaint();
  }

  onAdd(map, gl) {
    this.map = map;
    this.#fresh = false;
    this.program = programOf(gl, VERTEX, FRAGMENT, ["start", "end", "colour", "kind"]);
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    for (const [place, [size, offset]] of [[3, 0], [3, 3], [3, 6], [2, 9]].entries()) {
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 4 * STRIDE, 4 * offset);
      gl.vertexAttribDivisor(place, 1);
    }
    gl.bindVertexArray(null);
  }

  onRemove(_, gl) {
    gl.deleteVertexArray(this.array);
    gl.deleteBuffer(this.buffer);
    gl.deleteProgram(this.program);
  }

  render(gl, { defaultProjectionData }) {
    if (!isMade(gl, this.program, this.map)) return;
    const count = this.#segments.length / STRIDE;
    if (!count) return;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    if (!this.#fresh) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
      gl.bufferData(gl.ARRAY_BUFFER, this.#segments, gl.DYNAMIC_DRAW);
      this.#fresh = true;
    }
    const uniform = (name) => gl.getUniformLocation(this.program, name);
    gl.uniformMatrix4fv(uniform("matrix"), false, around(defaultProjectionData.mainMatrix, this.#origin));
    gl.uniform2f(uniform("size"), gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.uniform1f(uniform("ratio"), this.map.getPixelRatio());
    gl.uniform1f(uniform("pointed"), this.#pointed);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.DEPTH_TEST);
    gl.depthMask(false);
    const visible = this.#stale ? STALE : 1;
    for (const [test, opacity, cased] of [[gl.GREATER, HIDDEN * visible, 0], [gl.LEQUAL, visible, 1]]) {
      gl.depthFunc(test);
      gl.uniform1f(uniform("opacity"), opacity);
      gl.uniform1f(uniform("cased"), cased);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
    }
    gl.bindVertexArray(null);
  }
}
