using System.Reflection;
using Xunit;

namespace Blip.Tests;

public class BlipErrorCodeTests
{
    [Fact]
    public void Codes_All_AreSnakeCaseAndUnique()
    {
        FieldInfo[] fields = typeof(BlipErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static);
        string[] codes = [.. fields.Select(f => (string)f.GetRawConstantValue()!)];
        Assert.Equal(codes.Length, codes.Distinct().Count());
        Assert.All(codes, code => Assert.Matches("^[a-z]+(_[a-z]+)*$", code));
    }
}
