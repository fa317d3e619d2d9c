using System.CommandLine;

namespace Blip.Cli;

/// <summary><c>blip warm</c>: does in advance what the first start would do, for the build of a container.</summary>
internal static class WarmCommand
{
    public static Command Create()
    {
        Command command = new("warm", "Make later starts fast: download a model, load it, and keep the weights that are computed for it.")
        {
            ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device, ModelOptions.Precision,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
            BlipImage image = BlipImage.FromRgb(new byte[3 * 16 * 16], 16, 16);
            await model.AskAsync(image, "what is in the picture?", cancellationToken: cancellationToken);
            Console.Out.WriteLine(model.CachedWeights is { } file ? $"kept in {file}" : "ready; nothing needed to be kept");
            return 0;
        });
        return command;
    }
}
