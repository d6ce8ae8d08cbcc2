// Readings as dots on the ground, ringed in white so that nobody takes them for what is predicted: pale behind the buildings
// where they are behind them.

import { MercatorCoordinate } from "maplibre-gl";
import { around, isMade, programOf } from "map/gl.js";

/** How much of a dot is seen through what stands before it. */
const HIDDEN = 0.3;
/** Height above the ground, metres: a hand's. */
const HEIGHT = 1.5;
/** Radius of a dot, CSS pixels, at two zooms and between. */
const RADII = [[12, 1.6], [17, 5]];

const VERTEX = `#version 300 es
precision highp float;
uniform mat4 matrix;
uniform float radius;
in vec3 place;
in vec3 colour;
out vec3 shade;
void main() {
  shade = colour;
  gl_Position = matrix * vec4(place, 1.0);
  // A hair nearer, so that a dot lies on the ground and not in it.
  gl_Position.z -= 3e-4 * gl_Position.w;
  gl_PointSize = 2.0 * (radius + 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform float radius;
uniform float ratio;
uniform float opacity;
in vec3 shade;
out vec4 pixel;
void main() {
  float away = length(gl_PointCoord - 0.5) * 2.0 * (radius + 1.0);
  float ring = min(1.2 * ratio, 0.3 * radius);
  float dot = 1.0 - smoothstep(radius - 0.5, radius + 0.5, away);
  float white = smoothstep(radius - ring - 0.5, radius - ring + 0.5, away);
  float alpha = dot * opacity;
  pixel = vec4(mix(shade, vec3(1.0), white) * alpha, alpha);
}`;

/** A custom layer of MapLibre. */
export class Points {
  id = "readings";
  type = "custom";
  renderingMode = "3d";
  #places = new Float64Array();
  #ground = () => 0;
  #vertices = new Float32Array();
  #colours = new Uint8Array();
  #origin = null;
  #fresh = false;

  /** Puts dots at these places, longitude and latitude by turns, on the ground whose elevation `ground` gives. */
  set(places, ground) {
    this.#places = places;
    this.#ground = ground;
    this.rise();
  }

  /** Gives the dots their colours: red, green and blue of each. */
  paint(colours) {
    this.#colours = colours;
    this.#fresh = false;
    this.map?.triggerRepaint();
  }

  get count() {
    return this.#places.length / 2;
  }

  /** Takes the ground's heights anew. */
  rise() {
    const places = this.#places;
    const vertex = (i) => {
      const [lng, lat] = [places[2 * i], places[2 * i + 1]];
      return MercatorCoordinate.fromLngLat({ lng, lat }, HEIGHT + this.#ground([lng, lat]));
    };
    this.#origin = places.length ? vertex(0) : null;
    const metre = this.#origin?.meterInMercatorCoordinateUnits();
    this.#vertices = new Float32Array(3 * this.count);
    for (let i = 0; i < this.count; i++) {
      const { x, y, z } = vertex(i);
      const { x: x0, y: y0, z: z0 } = this.#origin;
      this.#vertices.set([(x - x0) / metre, (y - y0) / metre, (z - z0) / metre], 3 * i);
    }
    this.#fresh = false;
    this.map?.triggerRepaint();
  }

  onAdd(map, gl) {
    this.map = map;
    this.#fresh = false;
    this.program = programOf(gl, VERTEX, FRAGMENT, ["place", "colour"]);
    this.array = gl.createVertexArray();
    this.buffers = [gl.createBuffer(), gl.createBuffer()];
    gl.bindVertexArray(this.array);
    for (const [place, type] of [gl.FLOAT, gl.UNSIGNED_BYTE].entries()) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[place]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, type, type === gl.UNSIGNED_BYTE, 0, 0);
    }
    gl.bindVertexArray(null);
  }

  onRemove(_, gl) {
    gl.deleteVertexArray(this.array);
    for (const buffer of this.buffers) gl.deleteBuffer(buffer);
    gl.deleteProgram(this.program);
  }

  render(gl, { defaultProjectionData }) {
    if (!isMade(gl, this.program, this.map)) return;
    // Dots whose colours are on their way are not drawn in those of others.
    if (!this.count || this.#colours.length !== this.#vertices.length) return;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    if (!this.#fresh) {
      for (const [i, values] of [this.#vertices, this.#colours].entries()) {
        gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[i]);
        gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
      }
      this.#fresh = true;
    }
    const uniform = (name) => gl.getUniformLocation(this.program, name);
    const [[near, small], [far, large]] = RADII;
    const share = Math.min(Math.max((this.map.getZoom() - near) / (far - near), 0), 1);
    gl.uniformMatrix4fv(uniform("matrix"), false, around(defaultProjectionData.mainMatrix, this.#origin));
    gl.uniform1f(uniform("ratio"), this.map.getPixelRatio());
    gl.uniform1f(uniform("radius"), (small + (large - small) * share) * this.map.getPixelRatio());
    gl.enable(gl.DEPTH_TEST);
    gl.depthMask(false);
    for (const [test, opacity] of [[gl.GREATER, HIDDEN], [gl.LEQUAL, 1]]) {
      gl.depthFunc(test);
      gl.uniform1f(uniform("opacity"), opacity);
      gl.drawArrays(gl.POINTS, 0, this.count);
    }
    gl.bindVertexArray(null);
  }
}
