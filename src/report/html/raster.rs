//! A picture in pixels.

use std::io;
use std::sync::Arc;

use resvg::usvg::{Options, Tree, fontdb};
use resvg::{render, tiny_skia};

/// Pixels for one unit of the drawing: sharp on a screen of twice the density, and on paper.
const SCALE: f32 = 2.0;
/// The one font there is, so that letters are the same on every machine.
const FAMILY: &str = "Ubuntu";

/// The drawing as PNG. Only a font that is part of the program is used, nothing is read from the machine.
///
/// # Errors
/// Where the drawing cannot be read or is too large, which would be a mistake of ours.
pub(super) fn png(svg: &str) -> io::Result<Vec<u8>> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    // They have the marks that the first has not.
    fonts.load_font_data(epaint_default_fonts::NOTO_EMOJI_REGULAR.to_vec());
    fonts.load_font_data(epaint_default_fonts::EMOJI_ICON.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    let options = Options { fontdb: Arc::new(fonts), font_family: FAMILY.to_owned(), ..Options::default() };
    // No font of these has the two thin ones.
    let svg = svg.replace('✗', "×").replace('✓', "✔");
    let tree = Tree::from_str(&svg, &options).map_err(io::Error::other)?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(too_large)?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(too_large)?;
    render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(io::Error::other)
}

fn too_large() -> io::Error {
    io::Error::other("the picture is too large")
}
