using System.Diagnostics.Metrics;
using Blip.Images;
using Microsoft.Extensions.Logging;

namespace Blip;

/// <summary>What a model takes from its application; whatever is left out has a default.</summary>
public sealed class BlipServices
{
    /// <summary>Decodes images; by default that of the package Blip.Skia.</summary>
    public IImageDecoder? Decoder { get; init; }

    /// <summary>
    /// Gets the model's warnings: known errors in its files, a device that cannot be used. By default they are not logged.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Makes the meter <c>Blip</c>; by default all models of the process share one.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>The clock of waits; the system's by default.</summary>
    public TimeProvider? TimeProvider { get; init; }

    /// <summary>Where encoded images are shared with other models that have the same vision network; by default with none.</summary>
    public SharedImages? SharedImages { get; init; }

    /// <summary>Gets the progress of loading. Called on threads of the pool.</summary>
    public IProgress<LoadProgress>? Progress { get; init; }

    /// <summary>Takes the services that a service container has.</summary>
    /// <param name="provider">The container.</param>
    /// <param name="progress">Gets the progress of loading.</param>
    public static BlipServices From(IServiceProvider provider, IProgress<LoadProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return new BlipServices
        {
            Decoder = (IImageDecoder?)provider.GetService(typeof(IImageDecoder)),
            LoggerFactory = (ILoggerFactory?)provider.GetService(typeof(ILoggerFactory)),
            MeterFactory = (IMeterFactory?)provider.GetService(typeof(IMeterFactory)),
            TimeProvider = (TimeProvider?)provider.GetService(typeof(TimeProvider)),
            SharedImages = (SharedImages?)provider.GetService(typeof(SharedImages)),
            Progress = progress,
        };
    }
}
