//! The little complex arithmetic that field coefficients need, in f32 as on the GPU.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Complex {
    /// Real part.
    pub re: f32,
    /// Imaginary part.
    pub im: f32,
}

impl Complex {
    /// One.
    pub const ONE: Self = Self::new(1.0, 0.0);

    /// A number from its parts.
    pub const fn new(re: f32, im: f32) -> Self {
        Self { re, im }
    }

    /// Squared magnitude.
    pub fn norm_squared(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    /// The square root with a non-negative real part. The smaller part is found by division, not by a difference that
    /// would cancel.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let larger = (0.5 * (self.re.hypot(self.im) + self.re.abs())).sqrt();
        if larger == 0.0 {
            Self::default()
        } else if self.re >= 0.0 {
            Self::new(larger, 0.5 * self.im / larger)
        } else {
            Self::new(0.5 * self.im.abs() / larger, larger.copysign(self.im))
        }
    }
}

impl From<f32> for Complex {
    fn from(re: f32) -> Self {
        Self::new(re, 0.0)
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::new(self.re + o.re, self.im + o.im)
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self::new(self.re - o.re, self.im - o.im)
    }
}

impl Neg for Complex {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.re, -self.im)
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::new(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re)
    }
}

impl Mul<f32> for Complex {
    type Output = Self;
    fn mul(self, k: f32) -> Self {
        Self::new(self.re * k, self.im * k)
    }
}

impl Div for Complex {
    type Output = Self;
    /// Scaled by the larger part of the divisor (Smith 1962), so that a metal's permittivity does not overflow f32.
    fn div(self, o: Self) -> Self {
        if o.re.abs() >= o.im.abs() {
            let r = o.im / o.re;
            let d = o.re + o.im * r;
            Self::new((self.re + self.im * r) / d, (self.im - self.re * r) / d)
        } else {
            let r = o.re / o.im;
            let d = o.re * r + o.im;
            Self::new((self.re * r + self.im) / d, (self.im * r - self.re) / d)
        }
    }
}
