namespace Slice.Tests.Support;

public sealed class TestFilesTests
{
    [Fact]
    public void WriteContent_writes_exactly_the_content()
    {
        using var directory = new TestDirectory("files");
        string path = directory.Combine("content");
        TestFiles.WriteContent(path, (2 << 20) + 5, seed: 4);
        Assert.Equal(TestContent.Bytes(0, (2 << 20) + 5, seed: 4), File.ReadAllBytes(path));
    }

    [Fact]
    public void SparseFile_reads_as_its_fill_says()
    {
        using var directory = new TestDirectory("files");
        SparseFile file = SparseFile.Create(directory.Combine("sparse"), 1_000_001, seed: 4, 400_000, 410_000);
        Assert.Equal([(0, 32_768), (367_232, 442_768), (967_233, 1_000_001)], file.Markers);
        byte[] bytes = File.ReadAllBytes(file.Path);
        using var sink = new VerifyingSink(file.Fill);
        sink.Append(bytes);
        Assert.Equal(file.LengthBytes, sink.Position);
        Assert.NotEqual(0UL, BitConverter.ToUInt64(bytes, 400_000));
        Assert.Equal(0UL, BitConverter.ToUInt64(bytes, 200_000));
    }

    [Fact]
    public void SparseFile_of_five_gibibytes_holds_content_across_the_4_gibibyte_boundary()
    {
        using var directory = new TestDirectory("files");
        SparseFile file = SparseFile.CreateFiveGiB(directory.Combine("five"), seed: 4);
        Assert.Equal((5L << 30) + 12_345, new FileInfo(file.Path).Length);
        var bytes = new byte[16];
        using var handle = File.OpenHandle(file.Path);
        RandomAccess.Read(handle, bytes, (4L << 30) - 8);
        Assert.Equal(TestContent.Bytes((4L << 30) - 8, 16, seed: 4), bytes);
    }
}
