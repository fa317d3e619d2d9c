using System.CommandLine;

namespace Blip.Cli;

/// <summary><c>blip warm</c>: does in advance what the first start would do, for the build of a container.</summary>
internal static class WarmCommand
{
    public static Command Create()
    {
        Verb command = new(
            "warm", "Make later starts fast: download a model, load it, and keep the computed weights.",
            "blip warm --model Salesforce/blip-vqa-capfilt-large --precision int8")
        {
            ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device, ModelOptions.Precision,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
            BlipImage image = BlipImage.FromRgb(new byte[3 * 16 * 16], 16, 16);
            await model.AskAsync(image, "what is in the picture?", cancellationToken: cancellationToken);
            if (model.CacheProblem is null && model.CachedWeights is { } file)
                Console.Out.WriteLine($"kept in {file}");
            else if (model.Info.Precision != "int8")
                Console.Out.WriteLine("ready; nothing needed to be kept");
            else
            {
                CommandLine.WriteError(
                    model.CacheProblem ?? "The int8 weights are not kept: BLIP_CACHE is empty. Set it to a folder, or unset it.");
                return CommandLine.Failure;
            }
            return 0;
        });
        return command;
    }
}
