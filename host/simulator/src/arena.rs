//! Storage with typed indices, so that parts of the world can name each other.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names one element of the [`Arena`] that handed it out.
pub(crate) struct Id<T>(usize, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// Its place: the same for as long as the world lives.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Id(usize::deserialize(d)?, PhantomData))
    }
}

/// Elements are added at the end and change; only the oldest can be taken away again.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Arena<T> {
    /// How many were taken away at the front.
    gone: usize,
    list: VecDeque<T>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena {
            gone: 0,
            list: VecDeque::new(),
        }
    }
}

impl<T> Arena<T> {
    pub(crate) fn push(&mut self, value: T) -> Id<T> {
        self.list.push_back(value);
        Id(self.gone + self.list.len() - 1, PhantomData)
    }

    /// Takes the oldest away; its id is good for [`Arena::kept`] only from then on.
    pub(crate) fn pop_oldest(&mut self) -> Option<T> {
        let oldest = self.list.pop_front()?;
        self.gone += 1;
        Some(oldest)
    }

    pub(crate) fn kept(&self, id: Id<T>) -> Option<&T> {
        self.list.get(id.0.checked_sub(self.gone)?)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// How many there ever were.
    pub(crate) fn total(&self) -> usize {
        self.gone + self.list.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Id<T>, &T)> {
        let gone = self.gone;
        self.list
            .iter()
            .enumerate()
            .map(move |(at, value)| (Id(gone + at, PhantomData), value))
    }

    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = Id<T>> + use<T> {
        (self.gone..self.gone + self.list.len()).map(|at| Id(at, PhantomData))
    }
}

impl<T> Index<Id<T>> for Arena<T> {
    type Output = T;
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by push alone, and whoever takes an element away forgets its id"
    )]
    fn index(&self, id: Id<T>) -> &T {
        &self.list[id.0 - self.gone]
    }
}

impl<T> IndexMut<Id<T>> for Arena<T> {
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by push alone, and whoever takes an element away forgets its id"
    )]
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self.list[id.0 - self.gone]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_good_when_the_oldest_goes() {
        let mut arena = Arena::default();
        let (one, two) = (arena.push("one"), arena.push("two"));
        assert_eq!(arena.pop_oldest(), Some("one"));
        assert_eq!(arena.kept(one), None);
        assert_eq!(arena[two], "two");
        let three = arena.push("three");
        assert_eq!(arena[three], "three");
        assert_eq!((arena.len(), arena.total()), (2, 3));
        assert!(arena.ids().eq([two, three]));
    }
}
