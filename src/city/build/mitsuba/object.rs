//! The meshes of one building: which are its walls and how high its roof is.

use crate::city::build::ply::Mesh;
use crate::material::Material;

/// A triangle whose normal is flatter than this is a wall.
const ROOF_SLOPE: f32 = 0.1;

/// The meshes of one building, told apart.
pub(super) struct Object<'a> {
    /// All of them.
    pub all: Vec<&'a Mesh>,
    /// Those of its walls.
    pub walls: Vec<&'a Mesh>,
    /// Material of the walls.
    pub wall: Material,
    /// Material of the roof.
    pub roof: Material,
}

impl<'a> Object<'a> {
    /// The walls are the steepest mesh, the roof is the flattest of another material.
    pub fn new(parts: &'a [(Material, Mesh)]) -> Self {
        let all: Vec<&Mesh> = parts.iter().map(|p| &p.1).collect();
        let mut sorted: Vec<&(Material, Mesh)> = parts.iter().collect();
        sorted.sort_by(|a, b| flatness(&a.1).total_cmp(&flatness(&b.1)));
        let (wall, roof) = (sorted[0].0, sorted[sorted.len() - 1].0);
        let of = |material| parts.iter().filter(|p| p.0 == material).map(|p| &p.1).collect::<Vec<_>>();
        let walls = if wall == roof { all.clone() } else { of(wall) };
        Self { all, walls, wall, roof }
    }

    /// Its lowest vertex, metres.
    pub fn lowest(&self) -> f32 {
        self.all.iter().flat_map(|m| &m.vertices).map(|v| v.z).fold(f32::INFINITY, f32::min)
    }

    /// Mean height of what is seen from above, metres, weighted by its area there. Terraces and lower roofs are often
    /// parts of the walls' mesh, so all meshes count.
    pub fn mean_roof(&self) -> Option<f32> {
        let floor = self.lowest();
        let (mut area, mut moment) = (0.0f64, 0.0f64);
        for [a, b, c] in self.all.iter().flat_map(|m| m.corners()) {
            let normal = (b - a).cross(c - a);
            let mean = (a.z + b.z + c.z) / 3.0;
            if normal.z.abs() > ROOF_SLOPE * normal.length() && mean > floor {
                area += f64::from(normal.z.abs());
                moment += f64::from(normal.z.abs()) * f64::from(mean);
            }
        }
        (area > 0.0).then(|| (moment / area) as f32)
    }
}

/// Area seen from above over area: 0 for walls, 1 for flat roofs.
fn flatness(mesh: &Mesh) -> f32 {
    let normals = mesh.corners().map(|[a, b, c]| (b - a).cross(c - a));
    let (seen, area) = normals.fold((0.0, 0.0), |(s, a), n| (s + n.z.abs(), a + n.length()));
    if area > 0.0 { seen / area } else { 0.0 }
}
