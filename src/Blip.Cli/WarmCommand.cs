using System.CommandLine;

namespace Blip.Cli;

/// <summary><c>blip warm</c>: does ahead what a first start would do, for the image of a container.</summary>
internal static class WarmCommand
{
    public static Command Create()
    {
        Command command = new("warm", "Load a model once, so that later starts are fast: download it, and keep what is computed of its weights.") { ModelOptions.Model, ModelOptions.Device, ModelOptions.Precision };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
            await model.AskAsync(BlipImage.FromRgb(new byte[3 * 16 * 16], 16, 16), "what is in the picture?", cancellationToken: cancellationToken);
            Console.Out.WriteLine(model.CachedWeights is { } file ? $"kept in {file}" : "ready; nothing needed to be kept");
            return 0;
        });
        return command;
    }
}
