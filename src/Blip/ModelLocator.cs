using Blip.Hub;
using Microsoft.Extensions.Logging;

namespace Blip;

/// <summary>Turns what a user calls a model into a folder.</summary>
internal static class ModelLocator
{
    /// <summary>Whether the model is neither here nor certainly wrong: it may have to be downloaded.</summary>
    public static bool MayDownload(string model) =>
        model != BlipModel.DemoModel && !Directory.Exists(model) && HubModelId.TryParse(model, out _);

    /// <summary>
    /// What callers are told: a folder is called by its name, since where it lies is nobody's business, and the address of a model's page
    /// by the model's id.
    /// </summary>
    public static string NameOf(string model) =>
        model == BlipModel.DemoModel ? model
        : Directory.Exists(model) ? new DirectoryInfo(model).Name
        : HubModelId.TryParse(model, out HubModelId? id) ? id.ToString() : model;

    /// <summary>A folder, the demo model's folder, or the snapshot of a hub id, downloaded as far as it is not in the cache.</summary>
    /// <exception cref="BlipException">There is no such model, or it cannot be downloaded.</exception>
    public static async Task<string> FindAsync(
        string model, HubOptions? hub, IProgress<HubProgress>? progress, ILogger? logger, CancellationToken cancellationToken)
    {
        if (model == BlipModel.DemoModel)
        {
            string folder = Path.Combine(AppContext.BaseDirectory, "models", "demo");
            return Directory.Exists(folder) ? folder : throw new BlipException(BlipErrorCode.PackageMissing,
                "The demo model is not part of this application. Add the package Blip.Models.Demo to it, or name another model.");
        }
        if (Directory.Exists(model))
            return model;
        if (!HubModelId.TryParse(model, out _))
        {
            throw BlipModelException.NotFound(
                $"There is no folder {model}, and it is no id of a model on the hub. Give a folder with config.json and " +
                $"model.safetensors, an id such as Salesforce/blip-vqa-base, or {BlipModel.DemoModel} for the model that is part of Blip.");
        }
        using HubClient client = new(hub, logger);
        return await client.DownloadAsync(model, progress, cancellationToken).ConfigureAwait(false);
    }
}
