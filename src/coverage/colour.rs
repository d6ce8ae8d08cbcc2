//! Perceptual colour scales, and a map as the pixels of a picture.

use super::CoverageMap;

/// Steps of the look-up table that a picture is coloured with: finer than 8-bit colours can tell.
const STEPS: usize = 1024;
/// Colours that a scale is interpolated between.
const STOPS: usize = 33;

/// A colour scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Dark violet to yellow; even to the eye (van der Walt and Smith, 2015).
    #[default]
    Viridis,
    /// Dark blue to yellow; the same to those who don't see red and green apart (Nuñez, Anderton and Renslow, 2018).
    Cividis,
    /// A rainbow without its false edges, for fine detail (Mikhailov, 2019).
    Turbo,
    /// Black over violet and orange to light yellow; even to the eye (van der Walt and Smith, 2015).
    Inferno,
    /// Blue over grey to red, for differences around zero (Moreland, 2009).
    CoolWarm,
    /// Light over blue, black and red back to light, for directions (Bechtold, 2017).
    Twilight,
}

impl Scale {
    /// Red, green and blue at `t`, from 0 (lowest) to 1 (highest); beyond them the ends' colours.
    pub fn rgb(self, t: f32) -> [u8; 3] {
        let at = t.clamp(0.0, 1.0) * (STOPS - 1) as f32;
        let i = (at as usize).min(STOPS - 2);
        let part = at - i as f32;
        let stops = self.stops();
        let channel = |shift: u32| {
            let (a, b) = ((stops[i] >> shift) as u8, (stops[i + 1] >> shift) as u8);
            (f32::from(a) + (f32::from(b) - f32::from(a)) * part).round() as u8
        };
        [channel(16), channel(8), channel(0)]
    }

    /// Evenly spaced colours of the published scale; between them it is straight to within 5 of 255.
    #[rustfmt::skip]
    const fn stops(self) -> &'static [u32; STOPS] {
        match self {
            Self::Viridis => &[
                0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453781, 0x424086, 0x3e4989, 0x3b528b, 0x375b8d, 0x33638d,
                0x2f6b8e, 0x2c728e, 0x297a8e, 0x26828e, 0x23898e, 0x21918c, 0x1f988b, 0x1fa088, 0x22a785, 0x28ae80, 0x32b67a,
                0x3fbc73, 0x4ec36b, 0x5ec962, 0x70cf57, 0x84d44b, 0x98d83e, 0xaddc30, 0xc2df23, 0xd8e219, 0xece51b, 0xfde725,
            ],
            Self::Cividis => &[
                0x00224e, 0x00285b, 0x002e6a, 0x053371, 0x1a386f, 0x273e6e, 0x32436d, 0x3b496c, 0x434e6c, 0x4b546c, 0x535a6d,
                0x5a5f6e, 0x61656f, 0x686a71, 0x6f7073, 0x767676, 0x7d7c78, 0x848279, 0x8c8878, 0x938e78, 0x9b9476, 0xa39a74,
                0xaba072, 0xb4a76f, 0xbcae6c, 0xc4b468, 0xcdbb63, 0xd5c25e, 0xdec958, 0xe7d150, 0xf0d846, 0xf9e03a, 0xfee838,
            ],
            Self::Turbo => &[
                0x30123b, 0x392a73, 0x4040a2, 0x4456c7, 0x466be3, 0x4680f6, 0x4294ff, 0x37a8fa, 0x28bceb, 0x1ccdd8, 0x18ddc2,
                0x1fe9af, 0x32f298, 0x4ef97d, 0x6dfe62, 0x8bff4b, 0xa4fc3c, 0xb9f635, 0xcdec34, 0xdfdf37, 0xeecf3a, 0xf8be39,
                0xfdac34, 0xfe962b, 0xfb7e21, 0xf46617, 0xeb500e, 0xdf3f08, 0xd02f05, 0xbe2102, 0xa91601, 0x920b01, 0x7a0403,
            ],
            Self::Inferno => &[
                0x000004, 0x040312, 0x0b0724, 0x150b37, 0x210c4a, 0x2f0a5b, 0x3d0965, 0x4a0c6b, 0x57106e, 0x64156e, 0x71196e,
                0x7d1e6d, 0x8a226a, 0x972766, 0xa32c61, 0xb0315b, 0xbc3754, 0xc73e4c, 0xd24644, 0xdb503b, 0xe45a31, 0xeb6628,
                0xf1731d, 0xf68013, 0xf98e09, 0xfb9d07, 0xfcac11, 0xfbbc21, 0xf9cb35, 0xf5db4c, 0xf2ea69, 0xf3f68a, 0xfcffa4,
            ],
            Self::CoolWarm => &[
                0x3b4cc0, 0x445acc, 0x4e68d8, 0x5875e1, 0x6282ea, 0x6c8ff1, 0x779af7, 0x82a6fb, 0x8db0fe, 0x98b9ff, 0xa3c2fe,
                0xaec9fc, 0xb9d0f9, 0xc3d5f4, 0xccd9ed, 0xd5dbe5, 0xdddcdc, 0xe5d8d1, 0xecd3c5, 0xf1ccb8, 0xf5c4ac, 0xf7ba9f,
                0xf7b093, 0xf6a586, 0xf4987a, 0xf08b6e, 0xeb7d62, 0xe46e56, 0xdd5f4b, 0xd44e41, 0xca3b37, 0xbe242e, 0xb40426,
            ],
            Self::Twilight => &[
                0xe2d9e2, 0xd7d7dd, 0xc4ced4, 0xacc2cc, 0x95b5c7, 0x81a6c3, 0x7297c1, 0x6887be, 0x6276ba, 0x5f64b5, 0x5e51ad,
                0x5d3da1, 0x592a8f, 0x511b77, 0x45135c, 0x381145, 0x2f1436, 0x3a113a, 0x4a1342, 0x5f174a, 0x741e4f, 0x872750,
                0x983550, 0xa64550, 0xb25652, 0xbb6958, 0xc27c63, 0xc89073, 0xcca389, 0xd1b6a3, 0xd8c7be, 0xdfd4d6, 0xe2d9e2,
            ],
        }
    }
}

/// The map as RGBA bytes (not premultiplied), the northernmost row first. Values at or beyond the ends of `range` take
/// the ends' colours; `opacity` (0–1) is that of the cells with a prediction, the others are transparent.
pub fn colourise(map: &CoverageMap, range: (f64, f64), scale: Scale, opacity: f64) -> Vec<u8> {
    let table: Vec<[u8; 3]> = (0..STEPS).map(|i| scale.rgb(i as f32 / (STEPS - 1) as f32)).collect();
    let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    let (low, high) = (range.0 as f32, range.1 as f32);
    let per_step = (STEPS - 1) as f32 / (high - low);
    let mut pixels = Vec::with_capacity(map.values.len() * 4);
    for row in map.values.chunks_exact((map.grid.nx as usize).max(1)).rev() {
        for value in row {
            if value.is_nan() {
                pixels.extend([0; 4]);
            } else {
                let step = ((value - low) * per_step).round().clamp(0.0, (STEPS - 1) as f32);
                let [r, g, b] = table[step as usize];
                pixels.extend([r, g, b, alpha]);
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{Grid, Quantity};
    use glam::DVec2;

    /// CIE 1976 lightness of an sRGB colour, 0–100.
    fn lightness(rgb: [u8; 3]) -> f32 {
        let [r, g, b] = rgb.map(|c| {
            let c = f32::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        116.0 * if y > 0.008856 { y.cbrt() } else { 7.787 * y + 16.0 / 116.0 } - 16.0
    }

    /// By how much each of 20 steps along a scale gets lighter.
    fn gains(scale: Scale) -> Vec<f32> {
        let steps: Vec<f32> = (0..=20).map(|i| lightness(scale.rgb(i as f32 / 20.0))).collect();
        steps.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn levels_get_lighter_evenly() {
        for scale in [Scale::Viridis, Scale::Cividis] {
            let gains = gains(scale);
            let even = gains.iter().sum::<f32>() / 20.0;
            assert!(gains.iter().all(|gain| *gain > 0.5 * even && *gain < 1.6 * even), "{scale:?}: {gains:?}");
        }
    }

    #[test]
    fn stronger_paths_are_lighter() {
        // From black, where this measure of lightness is no longer even to the eye.
        let gains = gains(Scale::Inferno);
        assert!(gains.iter().all(|gain| *gain > 1.0), "{gains:?}");
    }

    #[test]
    fn a_difference_of_zero_has_no_hue_and_signs_have_opposite_ones() {
        let [r, g, b] = Scale::CoolWarm.rgb(0.5);
        assert!(r.abs_diff(g) <= 2 && g.abs_diff(b) <= 2);
        let (low, high) = (Scale::CoolWarm.rgb(0.0), Scale::CoolWarm.rgb(1.0));
        assert!(low[2] > low[0] && high[0] > high[2]);
    }

    #[test]
    fn a_direction_comes_round_to_its_colour_evenly() {
        let gains = gains(Scale::Twilight);
        assert!(gains[..9].iter().all(|gain| *gain < 0.0) && gains[11..].iter().all(|gain| *gain > 0.0), "{gains:?}");
        assert_eq!(Scale::Twilight.rgb(0.0), Scale::Twilight.rgb(1.0));
    }

    #[test]
    fn published_colours_are_met() {
        // Entries 0, 100 and 255 of the published tables, or what lies there in one of another length.
        for (scale, table) in [
            (Scale::Viridis, [[68, 1, 84], [42, 118, 142], [253, 231, 37]]),
            (Scale::Inferno, [[0, 0, 4], [144, 37, 104], [252, 255, 164]]),
            (Scale::Turbo, [[48, 18, 59], [63, 246, 138], [122, 4, 3]]),
            (Scale::Twilight, [[226, 217, 226], [86, 33, 130], [226, 217, 226]]),
        ] {
            for (i, expected) in [0, 100, 255].into_iter().zip(table) {
                let got = scale.rgb(i as f32 / 255.0);
                let worst = (0..3).map(|c| got[c].abs_diff(expected[c])).max();
                assert!(worst <= Some(5), "{scale:?} {i}: {got:?} for {expected:?}");
            }
        }
    }

    #[test]
    fn a_picture_starts_in_the_north_and_is_clear_where_nothing_is_predicted() {
        let grid = Grid { origin: DVec2::ZERO, cell: 1.0, nx: 2, ny: 2 };
        let values = vec![-120.0, f32::NAN, -60.0, -30.0];
        let map = CoverageMap::of(grid, Quantity::Rsrp, values);
        let pixels = colourise(&map, (-120.0, -60.0), Scale::Viridis, 0.8);
        assert_eq!(pixels[..4], [253, 231, 37, 204]);
        assert_eq!(pixels[4..8], [253, 231, 37, 204], "beyond the upper end");
        assert_eq!(pixels[8..12], [68, 1, 84, 204]);
        assert_eq!(pixels[12..], [0; 4]);
    }
}
