//! `AVFilterGraph`: a chain of libavfilter's video filters.

use super::{Error, Frame, check, is_drained, sys};
use media::time::TICKS_PER_SECOND;
use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};

/// A chain with one way in and one way out, for pictures of one kind, stamped in ticks.
pub(crate) struct Filter {
    graph: NonNull<sys::AVFilterGraph>,
    /// Both belong to the graph.
    way_in: NonNull<sys::AVFilterContext>,
    way_out: NonNull<sys::AVFilterContext>,
}

// SAFETY: a graph has no tie to a thread as long as one at a time uses it, which &mut self ensures.
unsafe impl Send for Filter {}

impl Filter {
    /// A chain as libavfilter's users write it, `name=option=value:…,name…`, for pictures like this one. What comes out is
    /// of one of the formats that the last filter gives. It may use so many threads.
    pub(crate) fn for_pictures_like(frame: &Frame, chain: &str, threads: usize) -> Result<Self, Error> {
        let raw = frame.raw();
        let (aspect_across, aspect_down) = frame.sample_aspect();
        let arguments = format!(
            "video_size={}x{}:pix_fmt={}:time_base=1/{TICKS_PER_SECOND}:pixel_aspect={aspect_across}/{aspect_down}",
            raw.width, raw.height, raw.format
        );
        // SAFETY: null only when memory has run out.
        let graph = NonNull::new(unsafe { sys::avfilter_graph_alloc() }).expect("memory for a filter graph");
        let mut filter = Self { graph, way_in: NonNull::dangling(), way_out: NonNull::dangling() };
        // SAFETY: the graph is ours, and nothing runs in it yet.
        unsafe { filter.graph.as_mut() }.nb_threads = threads as c_int;
        filter.way_in = filter.end("buffer", Some(&arguments))?;
        filter.way_out = filter.end("buffersink", None)?;
        filter.link(chain)?;
        Ok(filter)
    }

    /// Adds the filter where pictures go in, or where they come out.
    fn end(&mut self, name: &str, arguments: Option<&str>) -> Result<NonNull<sys::AVFilterContext>, Error> {
        let missing = || Error::Missing(format!("filter {name}"));
        let text = |text: &str| CString::new(text).map_err(|_| Error::Misuse("a filter's text holds a zero"));
        let name_text = text(name)?;
        let arguments = arguments.map(text).transpose()?;
        let arguments = arguments.as_ref().map_or(ptr::null(), |arguments| arguments.as_ptr());
        let mut made = ptr::null_mut();
        // SAFETY: filters are static; texts outlive the call; the new filter belongs to the graph.
        unsafe {
            let filter = NonNull::new(sys::avfilter_get_by_name(name_text.as_ptr()).cast_mut());
            let filter = filter.ok_or_else(missing)?.as_ptr();
            let graph = self.graph.as_ptr();
            let code = sys::avfilter_graph_create_filter(
                &raw mut made,
                filter,
                name_text.as_ptr(),
                arguments,
                ptr::null_mut(),
                graph,
            );
            check("make a filter", code)?;
        }
        NonNull::new(made).ok_or_else(missing)
    }

    /// Puts the chain between both ends, and has the filters agree on formats.
    fn link(&mut self, chain: &str) -> Result<(), Error> {
        let chain = CString::new(chain).map_err(|_| Error::Misuse("a filter's text holds a zero"))?;
        // SAFETY: each AVFilterInOut is owned by its list, which avfilter_graph_parse_ptr takes from and which is freed
        // afterwards; names are duplicated for it; both ends belong to this graph.
        unsafe {
            let mut open_out = open_pad(c"in", self.way_in);
            let mut open_in = open_pad(c"out", self.way_out);
            let graph = self.graph.as_ptr();
            let (inputs, outputs) = (&raw mut open_in, &raw mut open_out);
            let parsed =
                sys::avfilter_graph_parse_ptr(graph, chain.as_ptr(), inputs, outputs, ptr::null_mut());
            sys::avfilter_inout_free(inputs);
            sys::avfilter_inout_free(outputs);
            check("set up a chain of filters", parsed)?;
            check("start a chain of filters", sys::avfilter_graph_config(graph, ptr::null_mut())).map(drop)
        }
    }

    /// Hands over one picture, of the kind that the chain was made for; then [`receive`](Self::receive) until there is
    /// nothing more.
    pub(crate) fn send(&mut self, mut frame: Frame) -> Result<(), Error> {
        // SAFETY: the way in belongs to the graph; it takes over the reference and leaves an empty frame. It refuses
        // what is of another size or format.
        let code = unsafe { sys::av_buffersrc_add_frame(self.way_in.as_ptr(), frame.as_mut_ptr()) };
        check("filter a picture", code).map(drop)
    }

    /// Takes the next picture, if there is one, stamped in ticks.
    pub(crate) fn receive(&mut self) -> Result<Option<Frame>, Error> {
        let mut frame = Frame::empty();
        // SAFETY: both are valid; the frame is empty.
        let code = unsafe { sys::av_buffersink_get_frame(self.way_out.as_ptr(), frame.as_mut_ptr()) };
        if is_drained(code) {
            return Ok(None);
        }
        check("filter a picture", code)?;
        // SAFETY: the way out belongs to the graph, whose formats were agreed on.
        let unit = unsafe { sys::av_buffersink_get_time_base(self.way_out.as_ptr()) };
        let tick = sys::AVRational { num: 1, den: TICKS_PER_SECOND as c_int };
        if let Some(pts) = frame.pts() {
            // SAFETY: plain numbers; no denominator is zero.
            frame.set_pts(unsafe { sys::av_rescale_q(pts, unit, tick) });
        }
        Ok(Some(frame))
    }
}

/// A list of the one pad of `filter`, under the name that a chain's text gives an open end.
///
/// # Safety
/// The filter must outlive the list.
unsafe fn open_pad(name: &std::ffi::CStr, filter: NonNull<sys::AVFilterContext>) -> *mut sys::AVFilterInOut {
    // SAFETY: null only when memory has run out; the name is duplicated by FFmpeg's allocator, which frees it.
    unsafe {
        let mut list = NonNull::new(sys::avfilter_inout_alloc()).expect("a few hundred bytes of memory");
        let pad = list.as_mut();
        pad.name = sys::av_strdup(name.as_ptr());
        pad.filter_ctx = filter.as_ptr();
        (pad.pad_idx, pad.next) = (0, ptr::null_mut());
        list.as_ptr()
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: owned here; freed once, and with it all filters.
        unsafe { sys::avfilter_graph_free(&mut self.graph.as_ptr()) }
    }
}
