//! The learned position vectors, as plain numbers.

use crate::model::Checkpoint;
use crate::problem::{Problem, Result};
use crate::trace::Activation;

impl Checkpoint {
    /// The vector the model adds at each position of its context, `[n_ctx, d_model]`. A trace holds
    /// only those of its own tokens.
    ///
    /// # Errors
    /// When the model has no such vectors, or they cannot be read back from the device.
    pub fn position_table(&self) -> Result<Activation> {
        let Some(table) = self.network.pos_embed() else {
            let why = "this model adds no position vectors";
            return Err(Problem::new("There are no position vectors", why));
        };
        let numbers = table.to_data().try_into_vec::<f32>().ok();
        numbers
            .and_then(|numbers| Activation::new(table.dims().to_vec(), numbers))
            .ok_or_else(|| Problem::new("Could not read the position vectors", &self.source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};
    use crate::trace::Hook;

    #[test]
    fn the_table_begins_with_what_a_trace_holds() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let table = model.position_table().unwrap();
        assert_eq!(table.shape(), [model.info.n_ctx, model.info.d_model]);
        let trace = model.trace("I love cats").unwrap();
        let recorded = trace.get(Hook::PosEmbed).unwrap();
        assert_eq!(table.data()[..recorded.data().len()], *recorded.data());
    }
}
