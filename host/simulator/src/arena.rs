//! Append-only storage with typed indices, so that parts of the world can name each other.

use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// Names one element of the [`Arena`] that handed it out.
pub(crate) struct Id<T>(usize, PhantomData<fn() -> T>);

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
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Elements are added and changed, never removed: an [`Id`] stays good for ever.
pub(crate) struct Arena<T>(Vec<T>);

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena(Vec::new())
    }
}

impl<T> Arena<T> {
    pub(crate) fn push(&mut self, value: T) -> Id<T> {
        self.0.push(value);
        Id(self.0.len() - 1, PhantomData)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Id<T>, &T)> {
        self.0
            .iter()
            .enumerate()
            .map(|(at, value)| (Id(at, PhantomData), value))
    }

    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = Id<T>> + use<T> {
        (0..self.0.len()).map(|at| Id(at, PhantomData))
    }
}

impl<T> Index<Id<T>> for Arena<T> {
    type Output = T;
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by push alone and nothing is ever removed"
    )]
    fn index(&self, id: Id<T>) -> &T {
        &self.0[id.0]
    }
}

impl<T> IndexMut<Id<T>> for Arena<T> {
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made by push alone and nothing is ever removed"
    )]
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self.0[id.0]
    }
}
