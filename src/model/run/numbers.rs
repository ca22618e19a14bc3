//! Between burn's tensors and plain numbers, without a copy where both mean the same memory.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Device, Tensor, TensorData};
use std::ops::Deref;

/// The numbers of a tensor of the burn-flex device, where they lie: it shares the tensor's memory.
#[derive(Clone)]
pub struct Numbers(FlexTensor);

impl Numbers {
    /// The numbers of a tensor; none when it is on another device. Copied only if they do not lie
    /// side by side.
    pub fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        Self::of_flex(x.clone().try_into_primitive::<Flex>().ok()?)
    }

    /// The same of the device's own tensor.
    pub(super) fn of_flex(tensor: FlexTensor) -> Option<Self> {
        if tensor.dtype() != DType::F32 {
            return None;
        }
        let lies_together = tensor.as_slice::<f32>().is_some();
        Some(Self(if lies_together { tensor } else { tensor.to_contiguous() }))
    }

    /// The way back.
    pub(super) fn into_flex(self) -> FlexTensor {
        self.0
    }
}

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.0.as_slice().unwrap_or_default()
    }
}

impl AsRef<[f32]> for Numbers {
    fn as_ref(&self) -> &[f32] {
        self
    }
}

/// The device's own tensor, of numbers that are not copied.
pub(super) fn flex(numbers: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape))
}

/// The same tensor, its numbers side by side in the order of its axes.
pub fn contiguous<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match Numbers::of(&x) {
        Some(numbers) => Tensor::from_primitive::<Flex>(numbers.0),
        None => x,
    }
}

/// A tensor made of numbers, which are not copied.
pub fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_where_it_can_be() {
        let device = Device::flex();
        let x = tensor((0..6).map(|i| i as f32).collect(), [2, 3], &device);
        let numbers = Numbers::of(&x).unwrap();
        assert_eq!(*numbers, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(numbers.as_ptr(), Numbers::of(&x).unwrap().as_ptr());
        let row = Numbers::of(&x.clone().narrow(0, 1, 1)).unwrap();
        assert_eq!(row.as_ptr(), numbers[3..].as_ptr());
        assert_eq!(*Numbers::of(&x.clone().transpose()).unwrap(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        // Operations that could work in place leave the shared numbers alone.
        let doubled = x * 2.0;
        assert_eq!(numbers[5], 5.0);
        assert_eq!(Numbers::of(&doubled).unwrap()[5], 10.0);
    }
}
