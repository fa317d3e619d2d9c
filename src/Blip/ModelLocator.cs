using Blip.Checkpoints;
using Blip.Files;
using Blip.Hub;
using Microsoft.Extensions.Logging;

namespace Blip;

/// <summary>Turns what a user calls a model into folders.</summary>
/// <param name="hub">Where hub ids are downloaded from and kept.</param>
/// <param name="progress">Gets the progress of the download.</param>
/// <param name="logger">Logs messages of the hub's client.</param>
internal sealed class ModelLocator(HubOptions? hub, IProgress<HubProgress>? progress, ILogger? logger)
{
    /// <summary>Whether the model is neither here nor certainly wrong: it may have to be downloaded.</summary>
    public static bool MayDownload(string model) =>
        !DemoModels.Has(model) && !Directory.Exists(model) && HubModelId.TryParse(model, out _);

    /// <summary>Whether the model is a folder here that needs nothing else.</summary>
    public static bool IsWhole(string model) => DemoModels.Has(model) || (Directory.Exists(model) && !AdapterConfig.IsIn(model));

    /// <summary>
    /// The name that callers see: for a folder its name, because callers must not learn its path; for the address of a model's page the
    /// model's id.
    /// </summary>
    public static string NameOf(string model) =>
        DemoModels.Has(model) ? model
        : Directory.Exists(model) ? new DirectoryInfo(model).Name
        : HubModelId.TryParse(model, out HubModelId? id) ? id.ToString() : model;

    /// <summary>The folder of a model. Where the model is an adapter: its folder, and that of its base model.</summary>
    /// <param name="model">A folder, the name of a demo model, or a hub id, which is downloaded as far as it is not in the cache.</param>
    /// <param name="baseModel">The same for the adapter's base model; <see langword="null"/> for what the adapter says.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    /// <exception cref="BlipException">There is no such model, or it cannot be downloaded.</exception>
    public async Task<ModelFolders> FindAsync(string model, string? baseModel, CancellationToken cancellationToken)
    {
        string folder = await FindFolderAsync(model, cancellationToken).ConfigureAwait(false);
        if (!AdapterConfig.IsIn(folder))
        {
            return baseModel is null ? new ModelFolders(folder, null) : throw new BlipException(
                BlipErrorCode.InvalidRequest, $"{model} is a whole model, not an adapter, so it has no base model. Leave {baseModel} out.");
        }
        baseModel ??= NameBase(model, AdapterConfig.Read(folder));
        string whole;
        try
        {
            whole = await FindFolderAsync(baseModel, cancellationToken).ConfigureAwait(false);
        }
        catch (BlipException exception) when (exception.Code is BlipErrorCode.ModelNotFound or BlipErrorCode.DownloadFailed)
        {
            string message = $"The adapter {model} needs its base model {PlainFileName.Shown(baseModel)}. {exception.Message} " +
                "If the base model has another name here, give that name (BlipOptions.BaseModel, --base-model).";
            throw exception.Code == BlipErrorCode.ModelNotFound
                ? BlipModelException.NotFound(message, exception) : new BlipException(exception.Code, message, exception);
        }
        return !AdapterConfig.IsIn(whole) ? new ModelFolders(whole, folder) : throw new BlipModelException(
            $"{baseModel}, the base model of the adapter {model}, is an adapter itself. Merge it with PEFT, and name the merged model.");
    }

    private static string NameBase(string model, AdapterConfig adapter)
    {
        string name = adapter.BaseModel ?? throw new BlipModelException(
            $"{AdapterConfig.FileName} does not name the base model of {model}. Give it (BlipOptions.BaseModel, --base-model).");
        HubModelId? id = HubModelId.TryParse(name, out HubModelId? parsed) ? parsed : null;
        // What came from the hub does not choose a folder of this machine.
        if (id is null && MayDownload(model))
        {
            throw new BlipModelException(
                $"The adapter {model} was trained on {PlainFileName.Shown(name)}, which is not the id of a model on the hub. " +
                "Give its base model (BlipOptions.BaseModel, --base-model).");
        }
        return MayDownload(name) && id is { Revision: null } && adapter.BaseRevision is { } revision ? $"{name}@{revision}" : name;
    }

    private async Task<string> FindFolderAsync(string model, CancellationToken cancellationToken)
    {
        if (DemoModels.Has(model))
            return DemoModels.FindFolder(model);
        if (Directory.Exists(model))
            return model;
        if (File.Exists(model))
        {
            throw BlipModelException.NotFound(
                $"{PlainFileName.Shown(model)} is a file, not a folder. Give the folder with config.json and model.safetensors.");
        }
        if (!HubModelId.TryParse(model, out _))
        {
            throw BlipModelException.NotFound(
                $"There is no folder {PlainFileName.Shown(model)}, and it is not the id of a model on the hub. Give a folder with " +
                "config.json and model.safetensors, an id such as Salesforce/blip-vqa-base, " +
                $"or {BlipModel.DemoModel} for Blip's demo model.");
        }
        using HubClient client = new(hub, logger);
        return await client.DownloadAsync(model, progress, cancellationToken).ConfigureAwait(false);
    }
}
