//! A DASH manifest as a tree of elements (read by roxmltree), each with its place.

use super::nanos::Nanos;

/// Deeper nesting than any manifest has is not followed.
const DEPTH_MAX: usize = 32;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Without its namespace.
    pub name: String,
    /// In order.
    pub attributes: Vec<(String, String)>,
    /// In order.
    pub children: Vec<Element>,
    /// Its text.
    pub text: String,
    /// Where it stands: bytes of the manifest.
    pub at: std::ops::Range<usize>,
}

impl Element {
    /// The root of a document.
    ///
    /// # Errors
    /// What the parser says.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
        Ok(element(document.root_element(), 0))
    }

    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that is a whole number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name)?.parse().ok()
    }

    /// An attribute that is an `xs:duration`.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Nanos> {
        Nanos::parse_duration(self.attribute(name)?)
    }

    /// Children of this name.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of this name.
    #[must_use]
    pub fn child<'a>(&'a self, name: &'a str) -> Option<&'a Self> {
        self.children(name).next()
    }

    /// All elements of this name, at any depth.
    #[must_use]
    pub fn all<'a>(&'a self, name: &str) -> Vec<&'a Self> {
        let mut found = Vec::new();
        self.collect(name, &mut found);
        found
    }

    fn collect<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        if self.name == name {
            found.push(self);
        }
        self.children.iter().for_each(|child| child.collect(name, found));
    }
}

fn element(node: roxmltree::Node<'_, '_>, depth: usize) -> Element {
    let children = node.children().filter(|child| child.is_element() && depth < DEPTH_MAX);
    Element {
        name: node.tag_name().name().to_owned(),
        attributes: node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect(),
        children: children.map(|child| element(child, depth + 1)).collect(),
        text: node.text().unwrap_or("").trim().to_owned(),
        at: node.range(),
    }
}
