using Blip.Images;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Blip.ImageSharp;

/// <summary>Chooses the decoder.</summary>
public static class BlipImageSharpExtensions
{
    /// <summary>Decodes images with ImageSharp instead of SkiaSharp.</summary>
    public static IServiceCollection UseImageSharp(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.Replace(ServiceDescriptor.Singleton<IImageDecoder, ImageSharpDecoder>());
    }
}
