using Slice.Host.Machine;

namespace Slice.Tests.Host.Machine;

public class ProcessFilesTests
{
    [Fact]
    public void Memory_is_counted_in_pages() =>
        Assert.Equal((7.0 * 4096, 5.0 * 4096), ProcessFiles.ParseMemory("7 5 3 1 0 2 0\n", 4096));

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("7 x 3")]
    [InlineData("-7 5 3")]
    public void Memory_that_nobody_tells_is_not_a_number(string statm) =>
        Assert.Equal((double.NaN, double.NaN), ProcessFiles.ParseMemory(statm, 4096));

    [Fact]
    public void Open_descriptors_grow_with_an_open_file()
    {
        double before = ProcessFiles.OpenDescriptors();
        var files = Enumerable.Range(0, 200).Select(_ => File.OpenRead("/dev/null")).ToArray();
        double during = ProcessFiles.OpenDescriptors();
        Array.ForEach(files, file => file.Dispose());

        // Other tests open and close theirs meanwhile.
        Assert.InRange(during - before, 100, 10_000);
    }
}
