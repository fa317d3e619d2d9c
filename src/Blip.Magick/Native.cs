using System.Runtime.InteropServices;
using Blip.Images;
using ImageMagick;

namespace Blip.Magick;

/// <summary>Sets ImageMagick up before its first call, and says what its errors mean.</summary>
internal static class Native
{
    private static readonly Lazy<bool> Ready = new(SetUp);

    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.ImageCorrupt"/>, <see cref="BlipErrorCode.PackageMissing"/> or <see cref="BlipErrorCode.Internal"/>.
    /// </exception>
    public static T Call<T>(ImageFormat format, Func<T> call)
    {
        try
        {
            _ = Ready.Value;
            return call();
        }
        catch (Exception missing) when (missing is DllNotFoundException or TypeInitializationException)
        {
            throw new BlipException(BlipErrorCode.PackageMissing,
                $"ImageMagick's native library is missing, or it does not fit this system ({RuntimeInformation.RuntimeIdentifier}). "
                + "Convert the image to JPEG or PNG.",
                missing);
        }
        catch (MagickBlobErrorException failure)
        {
            throw new BlipException(BlipErrorCode.Internal,
                $"The temporary folder cannot be written. {ImageErrors.Name(format)} images pass through it: "
                + "MagickNET.SetTempDirectory names another one.",
                failure);
        }
        catch (MagickException failure)
        {
            throw ImageErrors.Corrupt(format, "its pixels cannot be decoded", failure);
        }
    }

    private static bool SetUp()
    {
        foreach (IMagickFormatInfo format in MagickNET.SupportedFormats)
            if (format.Format is not (MagickFormat.Heic or MagickFormat.Avif or MagickFormat.Tiff or MagickFormat.Jxl))
                format.Unregister();
        ResourceLimits.Disk = 0;
        ResourceLimits.Thread = 1;
        return true;
    }
}
