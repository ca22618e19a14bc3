use super::*;
use egui::epaint::{ColorImage, Mesh, Vertex};
use egui::{Pos2, TextureOptions, pos2};

const WHITE: TextureId = TextureId::Managed(0);
const HALF: Color32 = Color32::from_rgba_premultiplied(100, 50, 0, 128);

fn add(raster: &mut Raster, id: TextureId, change: ImageDelta) {
    let mut delta = TexturesDelta::default();
    delta.push(id, change);
    raster.update_textures(&mut delta);
}

/// A rasteriser that knows a white texture.
fn raster() -> Raster {
    let mut raster = Raster::new();
    let white = ColorImage::filled([1, 1], Color32::WHITE);
    add(&mut raster, WHITE, ImageDelta::full(white, TextureOptions::LINEAR));
    raster
}

fn paint(raster: &Raster, mesh: Mesh, clip_rect: Rect, size: [usize; 2]) -> RgbaImage {
    let primitive = Primitive::Mesh(mesh);
    raster.paint(&[ClippedPrimitive { clip_rect, primitive }], 1.0, size, Color32::BLACK)
}

fn colored(corners: &[Pos2], indices: &[u32], color: Color32) -> Mesh {
    let vertices = corners.iter().map(|at| Vertex::untextured(*at, color)).collect();
    Mesh { indices: indices.to_vec(), vertices, texture_id: WHITE }
}

fn rectangle(min: Pos2, max: Pos2, color: Color32) -> Mesh {
    let corners = [min, pos2(max.x, min.y), pos2(min.x, max.y), max];
    colored(&corners, &[0, 1, 2, 2, 1, 3], color)
}

/// The red values of a picture of an 8-pixel row that shows all of a 4 by 1 texture.
fn stretched(raster: &Raster, id: TextureId) -> Vec<u8> {
    let mut mesh = Mesh::with_texture(id);
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let place = Rect::from_min_max(Pos2::ZERO, pos2(8.0, 1.0));
    mesh.add_rect_with_uv(place, whole, Color32::WHITE);
    let picture = paint(raster, mesh, Rect::EVERYTHING, [8, 1]);
    picture.pixels().map(|pixel| pixel.0[0]).collect()
}

fn grays(values: [u8; 4], options: TextureOptions) -> ImageDelta {
    ImageDelta::full(ColorImage::from_gray([4, 1], &values), options)
}

#[test]
fn a_rectangle_covers_exactly_its_pixels() {
    let mesh = rectangle(pos2(1.0, 2.0), pos2(4.0, 5.0), Color32::RED);
    let picture = paint(&raster(), mesh, Rect::EVERYTHING, [8, 8]);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let inside = (1..4).contains(&x) && (2..5).contains(&y);
        assert_eq!(pixel.0, [if inside { 255 } else { 0 }, 0, 0, 255], "at {x}, {y}");
    }
}

#[test]
fn triangles_that_share_edges_blend_once() {
    let corners = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (3.5, 4.5)];
    let corners = corners.map(|(x, y)| pos2(x, y));
    let fan = [0, 1, 4, 4, 1, 2, 2, 3, 4, 0, 4, 3];
    let picture = paint(&raster(), colored(&corners, &fan, HALF), Rect::EVERYTHING, [9, 9]);
    assert!(picture.pixels().all(|pixel| pixel.0 == [100, 50, 0, 255]));
}

#[test]
fn clip_rectangles_round_to_pixels() {
    let mesh = rectangle(pos2(-1e9, -1e9), pos2(1e9, 1e9), Color32::WHITE);
    let clip = Rect::from_min_max(pos2(1.4, 0.6), pos2(2.6, f32::INFINITY));
    let picture = paint(&raster(), mesh, clip, [4, 3]);
    let white = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] == 255);
    let white: Vec<_> = white.map(|(x, y, _)| (x, y)).collect();
    assert_eq!(white, [(1, 1), (2, 1), (1, 2), (2, 2)]);
}

#[test]
fn textures_are_sampled_as_asked() {
    let (mut raster, id) = (raster(), TextureId::User(1));
    add(&mut raster, id, grays([0, 100, 200, 40], TextureOptions::NEAREST));
    assert_eq!(stretched(&raster, id), [0, 0, 100, 100, 200, 200, 40, 40]);
    add(&mut raster, id, grays([0, 100, 200, 40], TextureOptions::LINEAR));
    assert_eq!(stretched(&raster, id), [0, 25, 75, 125, 175, 160, 80, 40]);
}

#[test]
fn textures_change_in_part_and_outlive_the_frame_that_frees_them() {
    let (mut raster, id) = (raster(), TextureId::User(1));
    add(&mut raster, id, grays([10, 20, 30, 40], TextureOptions::NEAREST));
    let patch = ColorImage::from_gray([3, 2], &[7, 8, 9, 1, 1, 1]);
    add(&mut raster, id, ImageDelta::partial([2, 0], patch.clone(), TextureOptions::NEAREST));
    add(&mut raster, id, ImageDelta::partial([9, 9], patch, TextureOptions::NEAREST));
    assert_eq!(stretched(&raster, id), [10, 10, 20, 20, 7, 7, 8, 8]);
    let mut delta = TexturesDelta::default();
    delta.free(id);
    raster.update_textures(&mut delta);
    assert_eq!(stretched(&raster, id)[0], 10);
    raster.update_textures(&mut delta);
    assert_eq!(stretched(&raster, id)[0], 0);
}

#[test]
fn odd_input_leaves_the_picture_alone() {
    let odd = [pos2(f32::NAN, 1.0), pos2(f32::INFINITY, 2.0), Pos2::ZERO, pos2(9.0, 9.0)];
    let indices = [0, 2, 3, 1, 2, 3, 2, 3, 77, 2, 2, 3, 2];
    let picture = paint(&raster(), colored(&odd, &indices, HALF), Rect::EVERYTHING, [9, 9]);
    assert!(picture.pixels().all(|pixel| pixel.0 == [0, 0, 0, 255]));
    let mesh = rectangle(Pos2::ZERO, pos2(9.0, 9.0), HALF);
    assert_eq!(paint(&raster(), mesh, Rect::EVERYTHING, [0, 9]).dimensions(), (0, 9));
}

#[test]
fn a_label_is_dark_on_a_light_panel() {
    let ctx = egui::Context::default();
    ctx.set_theme(egui::Theme::Light);
    let picture = render(&ctx, [200, 60], 2.0, 9, |ui| {
        ui.label("Headlight");
    });
    let dark = picture.pixels().filter(|pixel| pixel.0[0] < 128).count();
    let light = picture.pixels().filter(|pixel| pixel.0[0] > 240).count();
    assert!((200..2000).contains(&dark), "{dark} dark pixels");
    assert!(light > 9000, "{light} light pixels");
    assert!(picture.pixels().all(|pixel| pixel.0[3] == 255));
}
