//! The picture that a channel shows while it has no source: made of what was uploaded, and its SQL.

use super::Channel;
use super::channels::{begin, find, id_of, no_such};
use super::error::StoreError;
use crate::limits::{
    SLATE_PICTURE_BYTES_MAX, SLATE_PICTURE_SIDE_MAX, SLATE_PICTURE_SIZE, SLATE_UPLOAD_MEMORY_MAX,
};
use data_encoding::HEXLOWER;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::io::Cursor;
use std::sync::{Mutex, PoisonError};

/// 1 to 100; text in a picture stays clean.
const JPEG_QUALITY: u8 = 92;

/// Why a picture cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Another kind of file.
    #[error("this is neither a PNG nor a JPEG picture")]
    Kind,
    /// More pixels than anybody needs.
    #[error(
        "the picture is too large: at most {SLATE_PICTURE_SIDE_MAX} pixels across and down, and about 30 million in all"
    )]
    TooLarge,
    /// Cut short or damaged.
    #[error("the picture cannot be read: {0}")]
    Damaged(String),
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// A picture as it is kept and as workers take it: JPEG, upright, opaque on black, no larger than needed. Whatever was
/// uploaded is read here, in safe Rust, and nowhere else. It takes a second or so: not for the threads that serve.
///
/// # Errors
/// [`PictureError`].
pub fn made(upload: &[u8]) -> Result<Vec<u8>, PictureError> {
    // One at a time, since each may take much memory.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut picture = opaque(&read(upload)?);
    let (width, height) = SLATE_PICTURE_SIZE;
    if picture.width() > width || picture.height() > height {
        let smaller =
            DynamicImage::from(picture).resize(width, height, image::imageops::FilterType::CatmullRom);
        picture = smaller.into_rgb8();
    }
    let mut jpeg = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY))?;
    if jpeg.len() > SLATE_PICTURE_BYTES_MAX { Err(PictureError::TooLarge) } else { Ok(jpeg) }
}

fn read(upload: &[u8]) -> Result<DynamicImage, PictureError> {
    let reader =
        ImageReader::new(Cursor::new(upload)).with_guessed_format().map_err(|_| PictureError::Kind)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(PictureError::Kind);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) =
        (Some(SLATE_PICTURE_SIDE_MAX), Some(SLATE_PICTURE_SIDE_MAX));
    limits.max_alloc = Some(SLATE_UPLOAD_MEMORY_MAX);
    let mut reader = reader;
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    if decoder.total_bytes() > SLATE_UPLOAD_MEMORY_MAX {
        return Err(PictureError::TooLarge);
    }
    // What a camera that was held upright says.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn opaque(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|colour| (u16::from(colour) * u16::from(alpha) / 255) as u8))
    })
}

pub(super) fn set(connection: &mut Connection, slug: &str, jpeg: &[u8]) -> Result<Channel, StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    let digest = HEXLOWER.encode(&Sha256::digest(jpeg));
    let sql = "INSERT OR REPLACE INTO slate_pictures (channel_id, digest, jpeg) VALUES (?1, ?2, ?3)";
    write.execute(sql, params![id, digest, jpeg])?;
    let changed = find(&write, slug)?.ok_or_else(|| no_such(slug))?;
    write.commit()?;
    Ok(changed)
}

pub(super) fn remove(connection: &mut Connection, slug: &str) -> Result<(), StoreError> {
    let write = begin(connection)?;
    let id = id_of(&write, slug)?;
    write.execute("DELETE FROM slate_pictures WHERE channel_id = ?1", [id])?;
    Ok(write.commit()?)
}

pub(super) fn get(connection: &mut Connection, slug: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let read = connection.transaction()?;
    let id = id_of(&read, slug)?;
    let sql = "SELECT jpeg FROM slate_pictures WHERE channel_id = ?1";
    Ok(read.query_row(sql, [id], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbaImage;

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    fn read_back(jpeg: &[u8]) -> RgbImage {
        image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap().into_rgb8()
    }

    #[test]
    fn what_shines_through_is_black() {
        let clear = RgbaImage::from_fn(64, 64, |x, _| image::Rgba([255, 0, 0, if x < 32 { 255 } else { 0 }]));
        let kept = read_back(&made(&png(&clear.into())).unwrap());
        let near =
            |pixel: &Rgb<u8>, wanted: [u8; 3]| pixel.0.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 12);
        assert!(near(kept.get_pixel(8, 32), [255, 0, 0]), "{:?}", kept.get_pixel(8, 32));
        assert!(near(kept.get_pixel(56, 32), [0, 0, 0]), "{:?}", kept.get_pixel(56, 32));
    }

    #[test]
    fn large_pictures_are_made_smaller_and_keep_their_aspect() {
        let tall = DynamicImage::new_rgb8(1000, 3240);
        let kept = read_back(&made(&png(&tall)).unwrap());
        assert_eq!(kept.dimensions(), (333, 1080));
        let small = read_back(&made(&png(&DynamicImage::new_luma8(40, 30))).unwrap());
        assert_eq!(small.dimensions(), (40, 30));
    }

    #[test]
    fn what_is_no_picture_is_refused_with_the_reason() {
        for (upload, reason) in [
            (&b""[..], "neither a PNG nor a JPEG"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither a PNG nor a JPEG"),
            (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "neither a PNG nor a JPEG"),
            (&png(&DynamicImage::new_rgb8(64, 64))[..60], "cannot be read"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", "cannot be read"),
            (&png(&DynamicImage::new_luma8(SLATE_PICTURE_SIDE_MAX + 1, 2)), "too large"),
        ] {
            let error = made(upload).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_forged_header_takes_no_memory() {
        // 8192 x 8192 of four bytes: within the sides, beyond the memory.
        let mut forged = png(&DynamicImage::new_rgba8(8, 8));
        forged[16..24].copy_from_slice(&[0, 0, 0x20, 0, 0, 0, 0x20, 0]);
        let crc = crc32(&forged[12..29]);
        forged[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(made(&forged), Err(PictureError::TooLarge)));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }
}
