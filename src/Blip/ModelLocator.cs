namespace Blip;

/// <summary>Turns what a user calls a model into a folder.</summary>
internal static class ModelLocator
{
    /// <exception cref="BlipModelException">There is no such model.</exception>
    public static string Find(string model)
    {
        if (model == BlipModel.DemoModel)
            return Path.Combine(AppContext.BaseDirectory, "models", "demo");
        if (Directory.Exists(model))
            return model;
        throw new BlipModelException(BlipErrorCode.ModelNotFound,
            $"There is no model {model}: give a folder with config.json and model.safetensors, or {BlipModel.DemoModel} for the model that travels with Blip.");
    }
}
